from assistant.calculation.calculate import Result, calculate
from assistant.calculation.limits import CalculationError

__all__ = ["CalculationError", "Result", "calculate"]
