"""The parts of the demonstration: `mainspring demo` runs one after another."""
