"""The Qube cloud, simulated: for tests, demo and benchmark alike."""

from .clock import ManualClock
from .cloud import SimulatedCloud, SimulatedSpace
from .faults import Fault, FaultKind
from .grid import Source
from .meter import SimulatedMeter
from .model import MeterKind, MeterState, Mode, Wifi
from .protocol import ErrorCode
from .server import create_app, tell_time
from .traffic import Endpoint

__all__ = [
    "Endpoint",
    "ErrorCode",
    "Fault",
    "FaultKind",
    "ManualClock",
    "MeterKind",
    "MeterState",
    "Mode",
    "SimulatedCloud",
    "SimulatedMeter",
    "SimulatedSpace",
    "Source",
    "Wifi",
    "create_app",
    "tell_time",
]
