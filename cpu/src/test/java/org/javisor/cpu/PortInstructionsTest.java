// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.javisor.cpu.SystemGuest.CODE;
import static org.javisor.cpu.SystemGuest.DATA;
import static org.javisor.cpu.SystemGuest.TSS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.javisor.memory.BusDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// IN, OUT, INS and OUTS, and who may use them.
@Timeout(60)
class PortInstructionsTest {
    private static final int PORT = 0x80;

    private final SystemGuest guest = SystemGuest.in64BitMode();
    private final Cpu cpu = guest.cpu;

    @BeforeEach
    void attach() {
        guest.attachPort(PORT);
    }

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void inFillsTheAccumulatorAndOutWritesIt() {
        cpu.reg64(CpuLayout.RAX, -1L);
        // in al, 0x80; hlt
        guest.code("e480f4").runToVector();
        assertEquals(0xffff_ffff_ffff_ff5aL, cpu.reg64(CpuLayout.RAX));
        cpu.rip(CODE);
        // in eax, 0x80; mov dx, 0x80; out dx, ax; hlt
        guest.code("e580 66ba8000 66ef f4").runToVector();
        assertEquals(0x5a5a_5a5aL, cpu.reg64(CpuLayout.RAX));
        assertEquals(0x5a5a, guest.written);
    }

    @Test
    void anUnclaimedPortReadsAsOnes() {
        guest.code("e490f4").runToVector();
        assertEquals(0xff, cpu.reg64(CpuLayout.RAX));
    }

    @Test
    void usersNeedIoplOrTheBitmap() {
        assertEquals(GuestFault.GP, guest.asUser().code("e480").runToVector());
    }

    @Test
    void ioplOfTheCurrentLevelPermitsEverything() {
        // in al, 0x80; ud2
        assertEquals(GuestFault.UD, guest.asUser().flags(Flags.IOPL).code("e480 0f0b").runToVector());
    }

    private void bitmap(int firstByte) {
        guest.memory.storeShort(TSS + TaskState.IO_MAP, (short) 0x68);
        guest.memory.storeByte(TSS + 0x68 + PORT / 8, (byte) firstByte);
        guest.memory.storeByte(TSS + 0x68 + PORT / 8 + 1, (byte) 0xff);
        guest.asUser();
    }

    @Test
    void everyPortOfAnAccessNeedsItsBitClear() {
        bitmap(0xf0);
        assertEquals(GuestFault.UD, guest.code("e580 0f0b").runToVector());
        bitmap(0xf8);
        cpu.rip(CODE);
        assertEquals(GuestFault.GP, guest.code("e580 0f0b").runToVector());
    }

    @Test
    void aBitmapThatEndsTooEarlyPermitsNothing() {
        bitmap(0);
        cpu.segments.limit[Segments.TR] = 0x68 + PORT / 8;
        assertEquals(GuestFault.GP, guest.code("e480").runToVector());
    }

    @Test
    void virtual8086ProgramsAreAskedForTheBitmapWhateverTheirIopl() {
        try (SystemGuest other = SystemGuest.inProtectedMode()) {
            assertEquals(GuestFault.GP, other.asVirtual8086(3).code("e480").runToVector());
        }
    }

    @Test
    void repeatedInsFillsMemoryAndCountsDown() {
        cpu.reg64(CpuLayout.RCX, 3);
        cpu.reg64(CpuLayout.RDI, DATA);
        cpu.reg64(CpuLayout.RDX, PORT);
        guest.code("f36df4").runToVector();
        assertEquals(0, cpu.reg64(CpuLayout.RCX));
        assertEquals(DATA + 12, cpu.reg64(CpuLayout.RDI));
        assertEquals(0x5a5a_5a5a, guest.memory.loadInt(DATA + 8));
        assertEquals(0, guest.memory.loadInt(DATA + 12));
    }

    @Test
    void outsReadsMemoryThroughItsSegmentAndGoesDownWithDf() {
        guest.memory.storeByte(DATA, (byte) 0x77);
        cpu.reg64(CpuLayout.RSI, DATA);
        cpu.reg64(CpuLayout.RDX, PORT);
        guest.code("6e f4").flags(Flags.DF).runToVector();
        assertEquals(0x77, guest.written);
        assertEquals(DATA - 1, cpu.reg64(CpuLayout.RSI));
    }

    @Test
    void insFaultsBeforeItReadsThePort() {
        cpu.reg64(CpuLayout.RDI, 0x200_0000);
        cpu.reg64(CpuLayout.RDX, PORT);
        boolean[] read = new boolean[1];
        guest.ports.attach(0x90, 1, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                read[0] = true;
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) { }
        }, "must not be read");
        cpu.reg64(CpuLayout.RDX, 0x90);
        assertEquals(GuestFault.PF, guest.code("6c").runToVector());
        assertEquals(false, read[0]);
    }

    @Test
    void aReadExitThatNobodyAnswersReadsAsOnes() {
        try (TestBoard board = new TestBoard(16 << 20, true)) {
            board.longMode(board.cpu, TestBoard.CODE);
            // in al, 0x64; hlt
            board.code(TestBoard.CODE, "e464f4");
            assertEquals(CpuExit.PORT_READ, board.cpu.run());
            assertEquals(CpuExit.HALT, board.cpu.run());
            assertEquals(0xff, board.cpu.reg64(CpuLayout.RAX));
        }
    }
}
