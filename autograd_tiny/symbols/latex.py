"""Names, numbers and texts as LaTeX, whatever a label is: letters, also Greek, with indices, upright words, signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from autograd_tiny.engine.row import ATOM, PRODUCT, SIGN
from autograd_tiny.text.numbers import latex_digits, plain_number

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_DIGITS = {ord(raised): digit for raised, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")}

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
"""The letters that LaTeX has a command for, by its name; the others look like Latin ones."""

# The micro sign.
_LATEX_LETTERS = {spelled: rf"\{name}" for name, letter in GREEK.items() for spelled in (name, letter)} | {"µ": r"\mu"}
_LETTER = "|".join([*GREEK, r"[^\W\d_]"])


def latex_number(x: float, written: Callable[[float], str] = plain_number) -> tuple[str, int]:
    """A number as LaTeX, its digits as ``written`` gives them, and how tightly its written form binds.

    >>> latex_number(-2.5e-07)
    ('-2.5 \\\\cdot 10^{-7}', 2)
    """
    text = written(x)
    level = SIGN if text.startswith("-") else PRODUCT if "e" in text else ATOM
    return latex_digits(text), level


def latex_upright(word: str) -> str:
    """A word in upright letters, special characters escaped; non-ASCII ones as text, or TeX refuses their accents."""
    escaped = "".join(_LATEX_ESCAPES.get(c, c) for c in ("\\ " if c.isspace() else c for c in word))
    return rf"\mathrm{{{_OTHER_LETTERS.sub(_as_text, escaped)}}}"


def latex_text(text: str) -> str:
    """What stands in a table or a picture as LaTeX: a number as in mathematics, anything else in upright letters.

    >>> latex_text("-2.5e-07"), latex_text("1,234"), latex_text("12.5%"), latex_text("nan")
    ('-2.5 \\\\cdot 10^{-7}', '1{,}234', '\\\\mathrm{12.5\\\\%}', '\\\\mathrm{nan}')
    """
    return latex_digits(text).replace(",", "{,}") if _WRITTEN_NUMBER.fullmatch(text) else latex_upright(text)


def latex_name(label: str, upright: Callable[[str], str] = latex_upright) -> str:
    """A label as LaTeX: a letter or word with indices as subscripts and primes; anything else as ``upright`` writes it.

    A Greek letter may be typed or called by its name.  What has a superscript stands in braces, so that it can be
    squared.  An array that has an index itself stands in brackets before those of its entry.

    >>> latex_name("x"), latex_name("t1"), latex_name("W_ij"), latex_name("W[0][1]"), latex_name("w5'")
    ('x', 't_{1}', 'W_{ij}', 'W_{0,1}', "{w_{5}'}")
    >>> latex_name("W1"), latex_name("W1[0][1]"), latex_name("W_ih[0][1]")
    ('W_{1}', '\\\\left(W_{1}\\\\right)_{0,1}', '\\\\left(W_{\\\\mathrm{ih}}\\\\right)_{0,1}')
    >>> latex_name("omega"), latex_name("λ_max"), latex_name("net_h1"), latex_name("50%")
    ('\\\\omega', '\\\\lambda_{\\\\mathrm{max}}', '\\\\mathrm{net}_{h1}', '\\\\mathrm{50\\\\%}')
    """
    if match := re.fullmatch(r"(.+)⁽([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾('*)", label, re.DOTALL):
        raised = f"{{{latex_name(match[1], upright)}^{{({match[2].translate(_DIGITS)})}}}}"
        return f"{{{raised}{match[3]}}}" if match[3] else raised
    if (match := _ENTRY.fullmatch(label)) and (whole := _NAME.fullmatch(match[1])) and (whole[2] or whole[3]):
        name = rf"\left({latex_name(match[1], upright)}\right)_{{{','.join(re.findall(r'[0-9]+', match[2]))}}}"
        return f"{{{name}{match[3]}}}" if match[3] else name
    if (match := _NAME.fullmatch(label)) is None:
        return label if len(label) == 1 and label.isalnum() else upright(label)
    base, digits, index, items, primes = match.groups(default="")
    indices = index.split("_") if index else re.findall(r"\d+", items)
    if not indices and digits:
        indices, digits = [digits], ""
    letter = base in _LATEX_LETTERS or len(base) == 1
    name = f"{_latex_letter(base)}{digits}" if letter else upright(base + digits)
    if indices:
        name += f"_{{{','.join(_latex_letter(x) if _SHORT_INDEX.fullmatch(x) else upright(x) for x in indices)}}}"
    return f"{{{name}{primes}}}" if primes else name


def _latex_letter(letter: str) -> str:
    return _LATEX_LETTERS.get(letter) or _OTHER_LETTERS.sub(_as_text, letter)


def _as_text(match: re.Match[str]) -> str:
    return rf"\text{{{match[0]}}}"


_WRITTEN_NUMBER = re.compile(r"[-+]?(\d[\d,]*(\.\d+)?(e[-+]?\d+)?|inf)", re.ASCII)
_OTHER_LETTERS = re.compile(r"[^\W\d_\x00-\x7f]+")
_NAME = re.compile(rf"({_LETTER}|[^\W\d_]+)(\d*)(?:_([^\W_]+(?:_[^\W_]+)*)|((?:\[\d+\])+))?('*)")
_ENTRY = re.compile(r"(.+?)((?:\[\d+\])+)('*)", re.DOTALL)
_SHORT_INDEX = re.compile(rf"\d+|{_LETTER}|[^\W\d_]\d+|[i-n]{{2}}")
"""An index in italics: a number, a letter, a numbered letter as o1, a row and a column as ij; else a word."""

_LATEX_ESCAPES = {c: "\\" + c for c in "#$%&_{}"} | {"\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge ", " ": r"\ "}
_LATEX_ESCAPES |= {letter: rf"\{name} " for name, letter in GREEK.items()}


def portable(latex: str) -> str:
    r"""Mathematics that every engine sets: what pdflatex lacks is left to the others, with a question mark there.

    >>> portable(r"a×\text{ö}")
    'a\\ensuremath{\\times }\\text{ö}'
    """
    return re.sub(r"[^\x00-\x7f]", _portable_character, latex)


def _portable_character(match: re.Match[str]) -> str:
    character = match[0]
    parts = unicodedata.normalize("NFD", character)
    has_accent = character < "\u0180" and len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS
    if has_accent or character in _LETTERS:
        return character
    if sign := _SIGNS.get(character):
        return rf"\ensuremath{{{sign}}}"
    return rf"\text{{\ifdefined\Umathchar {character}\else ?\fi}}"


_SIGNS = {
    "×": r"\times ", "·": r"\cdot ", "÷": r"\div ", "±": r"\pm ", "−": "-", "→": r"\to ", "←": r"\leftarrow ",
    "…": r"\ldots ", "∂": r"\partial ", "∇": r"\nabla ", "√": r"\surd ", "∞": r"\infty ", "≤": r"\leq ", "≥": r"\geq ",
    "≠": r"\neq ", "≈": r"\approx ", "∑": r"\sum ", "∏": r"\prod ", "∫": r"\int ", "°": r"{}^{\circ}",
    "′": "'", "✗": r"\times ", "ℓ": r"\ell ", "⊙": r"\odot ", "⊗": r"\otimes ", "∘": r"\circ ", "⋅": r"\cdot ",
    "∈": r"\in ", "∝": r"\propto ", "‖": r"\Vert ", "⟨": r"\langle ", "⟩": r"\rangle ", "½": r"\frac{1}{2}",
    "ᵀ": "{}^{T}", "⁻": "{}^{-}",
}  # fmt: skip
_SIGNS |= {sign: f"{{}}^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_SIGNS |= {sign: f"{{}}_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
"""Signs that pdflatex would not know, or not in mathematics."""

_ACCENTS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327"
"""Those that LaTeX puts on letters of any font."""
_LETTERS = "ßæœøłÆŒØŁı"
