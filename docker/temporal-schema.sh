#!/bin/sh
# Brings the schemas of Temporal's two databases, which postgres-roles.sql creates, up to the server's version.
# Each step is harmless when repeated. SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD are read by the tool itself.
set -eu

SCHEMA=/etc/temporal/schema/postgresql/v12

prepare() {
	sql="temporal-sql-tool --plugin postgres12 --db $1"
	$sql setup-schema -v 0.0
	$sql update-schema -d "$SCHEMA/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
