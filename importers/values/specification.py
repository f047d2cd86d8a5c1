"""What a cell of free text says of a machine: maker, model and operating system."""

from __future__ import annotations

import re
from dataclasses import dataclass

from importers.vocabulary import Vocabulary

_SYSTEM = re.compile(
    r"\b(?:(?:microsoft\s+)?win(?:dows)?\s*(?:xp|vista|7|8\.1|8|10|11|server\s*\d{4}(?:\s*r2)?)"
    r"(?:\s*(?:pro(?:fessional)?|home|enterprise|education|ultimate|std|standard|sl))?"
    r"(?:\s*\d\dh[12])?(?:\s*(?:64|32)[\s-]?bit)?"
    r"|(?:ubuntu|debian|centos|rhel|fedora|linux mint|macos|mac os x|chrome ?os|android)\s*\d[\d.]*(?:\s*lts)?"
    r"|chrome ?os)\b",
    re.IGNORECASE,
)
#: Where a model's name ends: processors, sizes, separators.
_END = re.compile(
    r"[,;/|(]|\b(?:intel|amd|core|i[3579](?:-\w+)?|ryzen|celeron|pentium|xeon|ram|ssd|hdd|\d+\s*(?:gb|tb|mb|inch|ghz))\b|\"",
    re.IGNORECASE,
)
#: What is said of a machine beside its name; two of these make a cell a specification.
_PARTS = re.compile(
    r"\b(?:i[3579]|core|ryzen|celeron|pentium|xeon|athlon)\b|\b\d+\s*[gt]b\b|\b(?:ram|ssd|hdd|nvme|ddr\d)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
_LONGEST_MODEL = 40
#: What stands further back in a cell is prose.
_READ = 400


@dataclass(frozen=True, slots=True)
class Specification:
    """The parts that were found; None for the others."""

    brand: str | None = None
    model: str | None = None
    os: str | None = None


def read_specification(text: str, vocabulary: Vocabulary) -> Specification:
    """Maker, model and system of 'Laptop Lenovo ThinkPad T480 i5-8350U/8GB/256 SSD Win10 Pro'."""
    text = text[:_READ]
    system = _SYSTEM.search(text)
    os = " ".join(system[0].split()) if system else None
    if system:
        text = text[: system.start()] + ";" + text[system.end() :]
    words = list(_WORD.finditer(text))
    for number, word in enumerate(words):
        for last in (min(number + 2, len(words) - 1), min(number + 1, len(words) - 1), number):
            brand = text[word.start() : words[last].end()].rstrip(",;")
            if brand.casefold() in vocabulary.makers:
                return Specification(brand, cut_model(text[word.start() + len(brand) :]), os)
    return Specification(None, None, os)


def is_specification(text: str) -> bool:
    """Whether a cell says more of a machine than maker and model: processor, memory, disk, system."""
    text = text[:_READ]
    return len(_PARTS.findall(text)) + (_SYSTEM.search(text) is not None) > 1


def read_model(text: str, brand: str, vocabulary: Vocabulary) -> str | None:
    """The model with which a specification begins, where another cell names the maker: 'Proliant ML30, Xeon'."""
    text = text[:_READ]
    found = read_specification(text, vocabulary)
    if found.brand is not None:
        return found.model if found.brand.casefold() == brand.casefold() else None
    model = cut_model(text)
    return model if model and any(sign.isdigit() for sign in model) and not _SYSTEM.search(model) else None


def cut_model(rest: str) -> str | None:
    """The model at the beginning of a text, up to its processor, sizes or the next separator."""
    end = _END.search(rest)
    model = " ".join((rest[: end.start()] if end else rest).split())
    return model if 0 < len(model) <= _LONGEST_MODEL else None
