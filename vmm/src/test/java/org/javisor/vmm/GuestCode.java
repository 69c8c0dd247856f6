// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm;

import java.util.HexFormat;

/// Machine code for guests in tests, from listings: on each line the bytes in hexadecimal, then whatever helps a
/// reader.
public final class GuestCode {
    /// Prints "Hello" to port 0x3f8 and halts. At 0x1000.
    public static final byte[] HELLO = of("""
            be0f10         mov si,0x100f
            baf803         mov dx,0x3f8
            ac             lodsb
            84c0           test al,al
            7403           jz 0x100e
            ee             out dx,al
            ebf8           jmp short 0x1006
            f4             hlt
            48656c6c6f00   "Hello", 0
            """);

    /// Makes the PIT interrupt every millisecond through vector 0x20 of the PIC. Sleeps, writes how many interrupts
    /// there were to port 0xe0 in each, and after the fifth, or a later one on a host that is late, writes that to port
    /// 0xe1.
    /// At 0x1000.
    public static final byte[] FIVE_TICKS = of("""
            c70680003910   mov word [0x80],0x1039
            c70682000000   mov word [0x82],0x0
            b011           mov al,0x11
            e620           out 0x20,al
            b020           mov al,0x20
            e621           out 0x21,al
            b004           mov al,0x4
            e621           out 0x21,al
            b001           mov al,0x1
            e621           out 0x21,al
            b0fe           mov al,0xfe
            e621           out 0x21,al
            b034           mov al,0x34
            e643           out 0x43,al
            b0a9           mov al,0xa9
            e640           out 0x40,al
            b004           mov al,0x4
            e640           out 0x40,al
            fb             sti
            f4             hlt
            80f905         cmp cl,0x5
            72fa           jc 0x102d
            fa             cli
            e6e1           out 0xe1,al
            f4             hlt
            ebfd           jmp short 0x1036
            fec1           inc cl
            b020           mov al,0x20
            e620           out 0x20,al
            88c8           mov al,cl
            e6e0           out 0xe0,al
            80f905         cmp cl,0x5
            74eb           jz 0x1033
            cf             iret
            """);

    /// For two processors: the first starts the second, which sleeps and answers each interrupt through vector 0x42 by
    /// one through 0x41. After a thousand rounds the first writes their number to port 0xe1. At 0x1000.
    public static final byte[] PING = of("""
            bc000f         mov sp,0xf00
            e89000         call 0x1096
            c70604017610   mov word [0x104],0x1076
            c70606010000   mov word [0x106],0x0
            c70608011b20   mov word [0x108],0x201b
            c7060a010000   mov word [0x10a],0x0
            66b930080000   mov ecx,0x830
            66ba01000000   mov edx,0x1
            66b800450000   mov eax,0x4500
            0f30           wrmsr
            66b802460000   mov eax,0x4602
            0f30           wrmsr
            fb             sti
            803e000901     cmp byte [0x900],0x1
            75f9           jnz 0x103b
            66b930080000   mov ecx,0x830
            66ba01000000   mov edx,0x1
            66b842400000   mov eax,0x4042
            0f30           wrmsr
            fa             cli
            803e020900     cmp byte [0x902],0x0
            7504           jnz 0x1062
            fb             sti
            f4             hlt
            ebf4           jmp short 0x1056
            c606020900     mov byte [0x902],0x0
            fb             sti
            43             inc bx
            81fbe803       cmp bx,0x3e8
            75d3           jnz 0x1042
            89d8           mov ax,bx
            e7e1           out 0xe1,ax
            f4             hlt
            ebfd           jmp short 0x1073
            6650           push eax
            6651           push ecx
            6652           push edx
            c606020901     mov byte [0x902],0x1
            66b90b080000   mov ecx,0x80b
            6631c0         xor eax,eax
            6631d2         xor edx,edx
            0f30           wrmsr
            665a           pop edx
            6659           pop ecx
            6658           pop eax
            cf             iret
            66b91b000000   mov ecx,0x1b
            0f32           rdmsr
            660d000c0000   or eax,0xc00
            0f30           wrmsr
            66b90f080000   mov ecx,0x80f
            66b8ff010000   mov eax,0x1ff
            6631d2         xor edx,edx
            0f30           wrmsr
            c3             ret
            """);

    /// The second processor's part of [#PING]. At 0x2000.
    public static final byte[] PONG = of("""
            31c0           xor ax,ax
            8ed8           mov ds,ax
            8ed0           mov ss,ax
            bc000e         mov sp,0xe00
            ea0e200000     jmp 0:0x200e
            e885f0         call 0x1096
            90             nop
            fb             sti
            c606000901     mov byte [0x900],0x1
            f4             hlt
            ebfd           jmp short 0x2018
            66b90b080000   mov ecx,0x80b
            6631c0         xor eax,eax
            6631d2         xor edx,edx
            0f30           wrmsr
            66b930080000   mov ecx,0x830
            66b841400000   mov eax,0x4041
            0f30           wrmsr
            cf             iret
            """);

    private GuestCode() { }

    public static byte[] of(String listing) {
        StringBuilder hex = new StringBuilder();
        listing.lines().filter(line -> !line.isBlank()).forEach(line -> hex.append(line.strip().split("\\s+")[0]));
        return HexFormat.of().parseHex(hex);
    }
}
