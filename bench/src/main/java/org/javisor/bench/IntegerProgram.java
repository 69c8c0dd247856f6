// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench;

import java.util.HexFormat;
import org.javisor.memory.GuestMemory;

/// A guest program of plain integer code, as compilers make it: a sieve over 200,000 bytes (four times), a table-driven
/// CRC of 2,000,000 bytes, and a quicksort of 40,000 numbers that calls its comparison through a pointer. 64-bit code
/// for [#ADDRESS] that needs a stack and memory up to 9 MiB; it ends with HLT and its checksum in RAX.
///
/// ```c
/// u64 work(long n) {
///   u64 h = 1469598103934665603;
///   for (long r = 0; r < 4 * n; r++) {
///     for (long i = 0; i < 200000; i += 8) *(volatile u64 *)(COMP + i) = 0;
///     long cnt = 0;
///     for (long i = 2; i < 200000; i++)
///       if (!COMP[i]) { cnt++; for (long j = i * 2; j < 200000; j += i) COMP[j] = 1; }
///     h = mix(h, cnt);
///   }
///   u32 tab[256];
///   for (u32 i = 0; i < 256; i++) {
///     u32 c = i;
///     for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
///     tab[i] = c;
///   }
///   u32 crc = ~0;
///   for (long i = 0; i < 2000000 * n; i++) crc = tab[(crc ^ (u8)i) & 255] ^ (crc >> 8);
///   h = mix(h, crc);
///   for (long r = 0; r < n; r++) {
///     for (int i = 0; i < 40000; i++) V[i] = (u32)rnd();
///     sort(V, 0, 39999, compare);
///     h = mix(h, V[20000]);
///   }
///   return h;
/// }
/// ```
final class IntegerProgram {
    static final long ADDRESS = 0x10_0000;
    static final long CHECKSUM = 0xadfa_5936_72ec_a8b6L;

    /// What GCC 12 makes of it with -O2 -mgeneral-regs-only.
    private static final String CODE = """
            bf01000000e846010000f40f0b0f1f008b0f8b1631c039ca0f92c039d183d800c366662e0f1f8400000000000f1f400041574156
            4155415455534883ec2848897c24084839f70f8db10000004989f74989d5488b6c24084c89fb4a8d543d004889d048c1e83f4801
            d048d1f88b0485000080008944241c4839dd7e08eb4e66904883c5014c8d24ad00000000488d74241c498dbc240000800041ffd5
            85c078e0eb0a660f1f4400004883eb014c8d349d00000000488d74241c498dbe0000800041ffd585c07fe14839dd7e40488b7c24
            084889da4c89f84829e84829fa4839c24c89ea7d524889dee843ffffff48896c24084c397c24080f8c55ffffff4883c4285b5d41
            5c415d415e415fc3418b842400008000418b8e000080004883c5014883eb0141898c240000800041898600008000e940ffffff4c
            89fe4889ef4989dfe8ebfeffffebab660f1f84000000000049b883039d73b00f651441554154554889fd534881ec080400004885
            ff0f8ea00000004c8d14bd0000000031ff49b9b301000000010000b8000040000f1f400048c700000000004883c008483d400d43
            0075edb904000000ba0200000031f6eb180f1f80000000004883c2014883c1024881fa400d0300743380ba000040000075e64883
            c6014889c84881f93f0d030077d6660f1f440000c68000004000014801d0483d3f0d03007eeeebbc4c31c64883c701490faff149
            89f04c39d70f8c74ffffff31ff0f1f0089f8ba080000009089c6d1e889c183e60181f12083b8ed85f60f45c183ea0175e78904bc
            4883c7014881ff0001000075cf4869f580841e004885ed0f8eba00000031d2b8ffffffff89c1c1e80831d14883c2010fb6c93304
            8c4839f27cea48bbb3010000000100004189c44531ed4d31c44c0fafe3488b05a4000000b9000080000f1f80000000004889c248
            83c10448c1e20d4831d04889c248c1ea074831c24889d048c1e0114831d08941fc4881f90071820075d2488b155b000000be3f9c
            000031ff488905550000004983c501e844fdffff8b0425803881004c31e0480fafc34989c44c39ed758b4881c4080400004c89e0
            5b5d415c415dc348b8b30100000001000041bcffffffff4d31c44c0fafe0ebd6000000001000100000000000447abfcb8d403901
            """;

    private IntegerProgram() { }

    /// Makes a program in memory ready to run again: its last 8 bytes are the state of its random numbers.
    static void rewind(GuestMemory memory) {
        byte[] code = code();
        memory.store(ADDRESS + code.length - Long.BYTES, code, code.length - Long.BYTES, Long.BYTES);
    }

    static byte[] code() {
        return HexFormat.of().parseHex(CODE.replace("\n", ""));
    }
}
