"""`relata --help`, and the time from one changed source file to a linked program."""

import pathlib
import signal
import statistics
import sys

from measure import BUILD, PROGRAM, ROOT, require_quiet_release_build, run

require_quiet_release_build()
run([str(PROGRAM), "--help"])
help_seconds = statistics.median(run([str(PROGRAM), "--help"])[0] for _ in range(9))
print(f"relata --help: {help_seconds:.3f} s, bar 0.35: {'met' if help_seconds <= 0.35 else 'MISSED'}")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the source is put back in any case
source: pathlib.Path = ROOT / "src/relata/systems/m3col/system.cpp"
text = source.read_text()
rebuilds = []
try:
    for number in range(3):
        source.write_text(text + f"// changed {number}\n")
        rebuilds.append(run(["cmake", "--build", str(BUILD), "--target", "relata"], {"CCACHE_DISABLE": "1"})[0])
finally:
    source.write_text(text)
    run(["cmake", "--build", str(BUILD), "--target", "relata"])
middle = statistics.median(rebuilds)
print(f"one changed .cpp, rebuilt and linked: {middle:.1f} s, bar 10: {'met' if middle <= 10 else 'MISSED'}")
