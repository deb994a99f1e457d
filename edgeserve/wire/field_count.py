"""How many fields a message has, before it is parsed.

A field takes two bytes on the wire and up to a hundred in memory: a message within the limit on
bytes could take gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import RequestError

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_FIXED_BYTES = {1: 8, 5: 4}
"""By wire type."""
_VARINT, _DELIMITED = 0, 2
_GROUPS = (3, 4)
_LONGEST_VARINT = 10
_PACKED_BYTES = 128
"""Of values packed together, counted as a field: one of a byte may take eight in memory."""
_MORE = 0x80


def check_fields(data: bytes, kind: Descriptor, most: int) -> None:
    """Refuse a message that has more fields than `most`, in all that lies in it.

    What is no message is left to the parser.

    Raises:
        RequestError: it has.
    """
    fields = 0
    parts = [(0, len(data), kind)]
    while parts:
        position, end, descriptor = parts.pop()
        while position < end:
            fields += 1
            tag, position = _varint(data, position)
            wire_type = tag & 7
            if wire_type == _VARINT:
                _, position = _varint(data, position)
            elif wire_type == _DELIMITED:
                length, position = _varint(data, position)
                field = descriptor.fields_by_number.get(tag >> 3)
                if field is not None and field.message_type is not None:
                    parts.append((position, min(position + length, end), field.message_type))
                elif field is not None and field.cpp_type != field.CPPTYPE_STRING:
                    fields += length // _PACKED_BYTES
                position += length
            elif wire_type in _FIXED_BYTES:
                position += _FIXED_BYTES[wire_type]
            elif wire_type not in _GROUPS:
                return
            if fields > most:
                text = (
                    f"the message {kind.full_name} has more than {most} fields; send pictures and "
                    "tensors as bytes, and fewer of everything else"
                )
                raise RequestError(text)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number, and where it ends; of one that is cut off, what there is."""
    value = shift = 0
    for byte in data[position : position + _LONGEST_VARINT]:
        position += 1
        value |= (byte & ~_MORE) << shift
        if byte < _MORE:
            return value, position
        shift += 7
    return value, max(position, len(data))
