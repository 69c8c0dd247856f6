// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.scsi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.javisor.devices.block.DataPhase;
import org.javisor.devices.block.MemoryDisk;
import org.javisor.host.IoVector;
import org.javisor.testkit.Seeds;
import org.junit.jupiter.api.Test;

class CdDriveTest {
    private static final int SECTORS = 100;

    private final MemoryDisk disc = new MemoryDisk(SECTORS * 2048);
    private final CdDrive drive = new CdDrive(disc, "serial");

    /// A command block from its first bytes.
    private static byte[] block(int... bytes) {
        byte[] block = new byte[12];
        for (int i = 0; i < bytes.length; i++) {
            block[i] = (byte) bytes[i];
        }
        return block;
    }

    /// What a command answers; fails the test if it fails.
    private byte[] answer(int... command) {
        assertEquals(ScsiDevice.GOOD, drive.begin(block(command)), () -> drive.sense().toString());
        byte[] content = new byte[(int) drive.data().bytes()];
        if (content.length > 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(content.length);
                assertTrue(drive.transfer(0, IoVector.of(memory)));
                MemorySegment.copy(memory, 0, MemorySegment.ofArray(content), 0, content.length);
            }
        }
        assertEquals(ScsiDevice.GOOD, drive.end());
        return content;
    }

    private Sense failure(int... command) {
        assertEquals(ScsiDevice.CHECK_CONDITION, drive.begin(block(command)));
        return drive.takeSense();
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private void ready() {
        drive.begin(block(0));
        drive.takeSense();
    }

    @Test
    void afterPowerOnTheFirstCommandButAFewIsToldOfTheReset() {
        assertEquals("JAVISOR CD-ROM          1.0 ",
                new String(answer(0x12, 0, 0, 0, 36), 8, 28, StandardCharsets.US_ASCII));

        assertEquals(Sense.POWER_ON, failure(0));
        assertArrayEquals(new byte[0], answer(0));
    }

    @Test
    void requestSenseTellsWhatFailedOnce() {
        drive.begin(block(0));

        byte[] sense = answer(3, 0, 0, 0, 18);

        assertEquals("700006000000000a00000000290000000000", hex(sense));
        assertEquals("70000000000000", hex(Arrays.copyOf(answer(3, 0, 0, 0, 18), 7)));
    }

    @Test
    void sectorsAreReadAndThoseBeyondTheDiscAreRefused() {
        ready();
        disc.contents().set(ValueLayout.JAVA_BYTE, 99 * 2048, (byte) 42);

        assertEquals(42, answer(0x28, 0, 0, 0, 0, 99, 0, 0, 1)[0]);
        assertEquals(2 * 2048, answer(0xa8, 0, 0, 0, 0, 98, 0, 0, 0, 2).length);
        assertEquals(42, answer(0xbe, 8, 0, 0, 0, 99, 0, 0, 1, 0x10)[0]);
        assertEquals(0, answer(0x28, 0, 0, 0, 0, 100, 0, 0, 0).length);
        assertEquals(Sense.OUT_OF_RANGE, failure(0x28, 0, 0, 0, 0, 99, 0, 0, 2));
        assertEquals(Sense.OUT_OF_RANGE, failure(0x28, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    }

    @Test
    void theTableOfContentsHasATrackAndTheLeadOut() {
        ready();

        assertEquals("00000063" + "00000800", hex(answer(0x25)));
        assertEquals("00120101" + "0014010000000000" + "0014aa0000000064", hex(answer(0x43, 0, 0, 0, 0, 0, 0, 0, 99)));
        assertEquals("00120101" + "0014010000000200" + "0014aa0000000319",
                hex(answer(0x43, 2, 0, 0, 0, 0, 0, 0, 99)));
        assertEquals("000a0101" + "0014010000000000", hex(answer(0x43, 0, 1, 0, 0, 0, 0, 0, 99)));
        assertEquals(Sense.INVALID_FIELD, failure(0x43, 0, 0, 0, 0, 0, 5, 0, 99));
    }

    @Test
    void answersAreCutToWhatTheHostHasRoomFor() {
        ready();

        assertEquals(4, answer(0x43, 0, 0, 0, 0, 0, 0, 0, 4).length);
        assertEquals(0, answer(0x12, 0, 0, 0, 0).length);
    }

    @Test
    void aMediumIsChangedAndTheGuestHearsOfIt() {
        ready();
        MemoryDisk other = new MemoryDisk(10 * 2048);
        assertEquals(0, answer(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8)[4]);

        assertSame(disc, drive.change(other));

        assertEquals("0006041002020000", hex(answer(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8)));
        assertEquals(Sense.MEDIUM_MAY_HAVE_CHANGED, failure(0));
        assertEquals("00000009", hex(Arrays.copyOf(answer(0x25), 4)));
        drive.change(null);
        assertEquals(Sense.MEDIUM_MAY_HAVE_CHANGED, failure(0));
        assertEquals(Sense.MEDIUM_NOT_PRESENT_TRAY_CLOSED, failure(0));
    }

    @Test
    void theGuestOpensAndClosesTheTray() {
        ready();
        answer(0x1b, 0, 0, 0, 2);

        assertEquals(Sense.MEDIUM_NOT_PRESENT_TRAY_OPEN, failure(0));
        assertFalse(drive.ready());
        answer(0x1b, 0, 0, 0, 3);
        assertEquals(Sense.MEDIUM_MAY_HAVE_CHANGED, failure(0));
        answer(0);
    }

    @Test
    void aLockedTrayOnlyTellsThatSomebodyPressesItsButton() {
        ready();
        answer(0x1e, 0, 0, 0, 1);
        assertEquals(Sense.REMOVAL_PREVENTED, failure(0x1b, 0, 0, 0, 2));

        drive.pressEject();

        assertTrue(drive.ready());
        assertEquals("0006041001020000", hex(answer(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8)));
        answer(0x1e, 0, 0, 0, 0);
        drive.pressEject();
        assertEquals("0006041003010000", hex(answer(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8)));
    }

    @Test
    void featuresFollowTheMedium() {
        ready();
        assertEquals(MmcLayout.PROFILE_CD_ROM, answer(0x46, 0, 0, 0, 0, 0, 0, 0, 8)[7]);
        assertEquals("0003070429000000",
                hex(Arrays.copyOfRange(answer(0x46, 2, 0, 3, 0, 0, 0, 0, 99), 8, 16)));
        drive.change(null);
        ready();
        assertEquals(0, answer(0x46, 0, 0, 0, 0, 0, 0, 0, 8)[7]);
        assertEquals(8 + 12 + 12 + 8 + 8, answer(0x46, 1, 0, 0, 0, 0, 0, 0, 99).length);
    }

    @Test
    void modePagesAreTold() {
        ready();

        byte[] page = answer(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 99);
        assertEquals(30, page.length);
        assertEquals(28, page[1]);
        assertEquals(0x2a, page[8]);
        assertEquals(4 + 12 + 12 + 22, answer(0x1a, 0, 0x3f, 0, 99).length);
        assertEquals(0, answer(0x5a, 0, 0x6a, 0, 0, 0, 0, 0, 99)[10]);
        assertEquals(Sense.SAVING_NOT_SUPPORTED, failure(0x5a, 0, 0xea, 0, 0, 0, 0, 0, 99));
        assertEquals(Sense.INVALID_FIELD, failure(0x5a, 0, 0x33, 0, 0, 0, 0, 0, 99));
    }

    @Test
    void whatIsUnknownOrCannotBeReadIsSaid() {
        ready();
        assertEquals(Sense.INVALID_OPCODE, failure(0xff));
        assertEquals(Sense.INVALID_FIELD, failure(0x12, 1, 0x99, 0, 36));
        assertEquals("05800006736572", hex(Arrays.copyOf(answer(0x12, 1, 0x80, 0, 36), 7)));

        disc.failing = true;
        assertEquals(ScsiDevice.GOOD, drive.begin(block(0x28, 0, 0, 0, 0, 1, 0, 0, 1)));
        try (Arena arena = Arena.ofConfined()) {
            assertFalse(drive.transfer(0, IoVector.of(arena.allocate(2048))));
        }
        assertEquals(Sense.UNRECOVERED_READ, drive.sense());
    }

    @Test
    void aDiscThatLeavesDuringAReadFailsIt() {
        ready();
        drive.begin(block(0x28, 0, 0, 0, 0, 1, 0, 0, 1));

        drive.change(new MemoryDisk(2048));

        try (Arena arena = Arena.ofConfined()) {
            assertFalse(drive.transfer(0, IoVector.of(arena.allocate(2048))));
        }
    }

    @Test
    void aStateIsKeptAndOneThatCannotBeIsRefused() {
        ready();
        drive.begin(block(0x28, 0, 0, 0, 0, 99, 0, 0, 1));
        CdDrive other = new CdDrive(disc, "serial");

        other.load(drive.save());

        assertEquals(2048, other.data().bytes());
        CdDrive small = new CdDrive(new MemoryDisk(2048), "serial");
        assertThrows(IllegalArgumentException.class, () -> small.load(drive.save()));
    }

    @Test
    void noCommandBlockDoesHarm() {
        SplittableRandom random = Seeds.random("CdDriveTest");
        byte[] block = new byte[12];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4096);
            for (int i = 0; i < 200_000; i++) {
                random.nextBytes(block);
                if (random.nextBoolean()) {
                    Arrays.fill(block, 2, 6, (byte) 0);
                }
                if (drive.begin(block) == ScsiDevice.GOOD && drive.data().direction() != DataPhase.Direction.NONE) {
                    long bytes = Math.min(4096, drive.data().bytes());
                    drive.transfer(drive.data().bytes() - bytes, IoVector.of(memory.asSlice(0, bytes)));
                    drive.end();
                }
            }
        }
        drive.load(drive.save());
    }
}
