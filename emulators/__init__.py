"""Emulators of the outside world: services on loopback that speak the real wire protocols.

`base.py` has what every emulator is, `http.py` those over HTTP, `faults.py` what can be ordered to go wrong,
`control.py` the routes for orders from another process, and `alone.py` runs an emulator as a process.
"""
