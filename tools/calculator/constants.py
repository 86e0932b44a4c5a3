"""Physical constants, each with its source.

The values are those of P. J. Mohr et al., "CODATA recommended values of the fundamental physical constants: 2022",
Reviews of Modern Physics 97, 025002. The ones that the SI fixes are exact, and so is what follows from them; the tests
compare all with SciPy's copy of the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

SOURCE = "CODATA 2022"
C, H, E, K, N_A = (
    Fraction(x) for x in ("299792458", "6.62607015e-34", "1.602176634e-19", "1.380649e-23", "6.02214076e23")
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of nature: value · π**pi, in a unit.

    Attributes:
        name: Its name.
        value: The rational part.
        unit: As pint reads it; an empty text for a plain number.
        pi: Power of π.
        error: Standard uncertainty of the last two digits; 0 for what is exact.
        written: The value as it is published, with its digits; an empty text for what is exact.
    """

    name: str
    value: Fraction
    unit: str
    pi: int = 0
    error: int = 0
    written: str = ""

    @property
    def digits(self) -> int | None:
        """How many significant digits are known, None for what is exact."""
        return len(re.sub(r"e.*|[^\d]", "", self.written).lstrip("0")) if self.error else None

    @property
    def source(self) -> str:
        """One line: its name, the value with its uncertainty where it has one, and where it comes from."""
        if not self.error:
            return f"{self.name}: exact, {SOURCE}"
        mantissa, _, exponent = self.written.partition("e")
        power = f"e{exponent}" if exponent else ""
        return f"{self.name}: {mantissa}({self.error}){power} {self.unit}, {SOURCE}".replace("  ", " ")


def _measured(name: str, written: str, error: int, unit: str) -> Constant:
    return Constant(name, Fraction(written), unit, error=error, written=written)


CONSTANTS = (
    Constant("speed of light", C, "m/s"),
    Constant("Planck constant", H, "J*s"),
    Constant("reduced Planck constant", H / 2, "J*s", pi=-1),
    Constant("elementary charge", E, "C"),
    Constant("Boltzmann constant", K, "J/K"),
    Constant("Avogadro constant", N_A, "1/mol"),
    Constant("gas constant", N_A * K, "J/(mol*K)"),
    Constant("Faraday constant", N_A * E, "C/mol"),
    Constant("Stefan-Boltzmann constant", 2 * K**4 / (15 * H**3 * C**2), "W/(m^2*K^4)", pi=5),
    Constant("von Klitzing constant", H / E**2, "ohm"),
    Constant("Josephson constant", 2 * E / H, "Hz/V"),
    Constant("standard gravity", Fraction("9.80665"), "m/s^2"),
    Constant("standard atmosphere", Fraction(101325), "Pa"),
    _measured("gravitational constant", "6.67430e-11", 15, "m^3/(kg*s^2)"),
    _measured("electron mass", "9.1093837139e-31", 28, "kg"),
    _measured("proton mass", "1.67262192595e-27", 52, "kg"),
    _measured("neutron mass", "1.67492750056e-27", 85, "kg"),
    _measured("atomic mass constant", "1.66053906892e-27", 52, "kg"),
    _measured("vacuum permittivity", "8.8541878188e-12", 14, "F/m"),
    _measured("vacuum permeability", "1.25663706127e-6", 20, "N/A^2"),
    _measured("impedance of free space", "376.730313412", 59, "ohm"),
    _measured("fine-structure constant", "7.2973525643e-3", 11, ""),
    _measured("Rydberg constant", "10973731.568157", 12, "1/m"),
    _measured("Bohr radius", "5.29177210544e-11", 82, "m"),
    _measured("Bohr magneton", "9.2740100657e-24", 29, "J/T"),
)
BY_NAME = {constant.name: constant for constant in CONSTANTS}
# Other names and symbols. A single letter is no name here: c, h, k, e, g, G and R are units, scales or numbers.
NAMES = {
    **{"speed of light in vacuum": "speed of light", "c_0": "speed of light", "h_bar": "reduced Planck constant"},
    **{"hbar": "reduced Planck constant", "ħ": "reduced Planck constant", "k_B": "Boltzmann constant"},
    **{"Dirac constant": "reduced Planck constant", "charge of an electron": "elementary charge"},
    **{"Avogadro number": "Avogadro constant", "N_A": "Avogadro constant", "ideal gas constant": "gas constant"},
    **{"molar gas constant": "gas constant", "universal gas constant": "gas constant"},
    **{
        "Stefan Boltzmann constant": "Stefan-Boltzmann constant",
        "Stefan–Boltzmann constant": "Stefan-Boltzmann constant",
    },
    **{
        "Newtonian constant of gravitation": "gravitational constant",
        "constant of gravitation": "gravitational constant",
    },
    **{"standard acceleration of gravity": "standard gravity", "g_0": "standard gravity", "g_n": "standard gravity"},
    **{"gravitational acceleration": "standard gravity", "acceleration of gravity": "standard gravity"},
    **{"acceleration due to gravity": "standard gravity", "G_N": "gravitational constant"},
    **{
        f"mass of {an} {name}": f"{name} mass"
        for an in ("a", "an", "the")
        for name in ("electron", "proton", "neutron")
    },
    **{"m_e": "electron mass", "m_p": "proton mass", "m_n": "neutron mass", "m_u": "atomic mass constant"},
    **{"electric constant": "vacuum permittivity", "permittivity of free space": "vacuum permittivity"},
    **{"epsilon_0": "vacuum permittivity", "eps_0": "vacuum permittivity", "ε_0": "vacuum permittivity"},
    **{"ε0": "vacuum permittivity", "ε₀": "vacuum permittivity", "μ₀": "vacuum permeability"},
    **{"magnetic constant": "vacuum permeability", "permeability of free space": "vacuum permeability"},
    **{"mu_0": "vacuum permeability", "μ_0": "vacuum permeability", "μ0": "vacuum permeability"},
    **{"fine structure constant": "fine-structure constant", "R_inf": "Rydberg constant", "a_0": "Bohr radius"},
    **{"mu_B": "Bohr magneton", "Z_0": "impedance of free space", "vacuum impedance": "impedance of free space"},
}


def _key(name: str) -> str:
    name = re.sub(r"['’]s\b", "", name.lower())
    return " ".join(name.replace("_", " ").split())


def _pattern(name: str) -> str:
    """A regular expression: words with blanks or underscores between them, a symbol as it is."""
    if " " not in name:
        return re.escape(name)
    return r"[\s_]+".join(rf"{re.escape(word)}(?:['’]s)?" for word in name.split())


KEYS = {_key(name): BY_NAME[known] for name, known in {**{name: name for name in BY_NAME}, **NAMES}.items()}
PHRASE = "|".join(_pattern(name) for name in sorted([*BY_NAME, *NAMES], key=len, reverse=True))


def find_constant(name: str) -> Constant:
    """Returns the constant of a text that ``PHRASE`` matches."""
    return KEYS[_key(name)]
