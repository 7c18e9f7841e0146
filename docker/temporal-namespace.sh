#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE in the Temporal at TEMPORAL_ADDRESS. Harmless when repeated.
set -eu

attempts=30
until temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
	temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 72h; do
	attempts=$((attempts - 1))
	[ "$attempts" -gt 0 ] || exit 1
	sleep 2
done
