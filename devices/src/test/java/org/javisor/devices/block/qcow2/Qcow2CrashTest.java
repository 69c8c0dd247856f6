// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.javisor.devices.block.BlockBackend;
import org.javisor.devices.block.MemoryFile;
import org.javisor.devices.block.RawImage;
import org.javisor.devices.block.image.QemuImg;
import org.javisor.devices.block.qcow2.Qcow2Header.Compression;
import org.javisor.host.IoVector;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An image whose process is killed, or whose host loses power, at any moment: its tables agree, and what was flushed
/// is there.
///
/// Each sector holds one number over and over. For every sector it is known which numbers it may have after a crash:
/// that of the last flush, and all that came later.
class Qcow2CrashTest {
    private static final int SECTOR = 512, SECTORS = 4608;
    private static final long ANYTHING = -1;

    private final long seed = Long.getLong("javisor.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final Arena arena = Arena.ofConfined();
    private final List<List<Long>> possible = new ArrayList<>();
    /// Which of the numbers is the first that a sector may still have after a flush.
    private final int[] certain = new int[SECTORS];
    private long nextNumber = 1;
    private BlockBackend backing;
    @TempDir
    private Path directory;

    private Qcow2Creation randomCreation(long bytes) {
        boolean v3 = random.nextInt(4) > 0;
        int refcountBits = v3 ? 1 << random.nextInt(7) : 16;
        return new Qcow2Creation(bytes, v3 ? 3 : 2, 9 + random.nextInt(5), refcountBits, null, null,
                Compression.ZLIB, v3 && random.nextBoolean());
    }

    @RepeatedTest(12)
    void anImageSurvivesBeingKilledAndLosingPower() throws IOException {
        survive(8);
    }

    @Test
    @Tag("slow")
    void anImageSurvivesForLong() throws IOException {
        long end = System.nanoTime() + Long.getLong("javisor.minutes", 10) * 60_000_000_000L;
        while (System.nanoTime() < end) {
            survive(20);
        }
    }

    private void survive(int crashes) throws IOException {
        System.out.println("-Djavisor.seed=" + seed);
        prepare();
        MemoryFile file = new MemoryFile();
        Qcow2Creation creation = randomCreation((long) SECTORS * SECTOR);
        creation.write(file);
        if (QemuImg.installed() && creation.refcountBits() > 1 && random.nextBoolean()) {
            file = withSnapshot(file);
        }
        for (int crash = 0; crash < crashes; crash++) {
            file.killAfter(random.nextInt(300));
            boolean full = random.nextInt(4) == 0;
            file.limit(full ? file.length() + random.nextInt(100_000) : Long.MAX_VALUE);
            try {
                useUntilKilled(file);
            } catch (MemoryFile.Killed _) {
                // As intended.
            }
            file = random.nextBoolean() ? file.afterKill() : file.afterPowerFailure(random);
            inspect(file, crash);
        }
    }

    /// Everything that is in the image then belongs to a snapshot as well, and must be copied before it changes.
    private MemoryFile withSnapshot(MemoryFile file) throws IOException {
        Qcow2Image image = Qcow2Image.open(file, false, backing);
        for (int i = 0; i < 30; i++) {
            step(image);
        }
        image.flush();
        settleAll();
        image.close();
        Path stored = Files.write(directory.resolve("image"), file.contents());
        QemuImg.succeed("snapshot", "-c", "before", stored);
        return new MemoryFile(Files.readAllBytes(stored));
    }

    private void prepare() throws IOException {
        possible.clear();
        Arrays.fill(certain, 0);
        backing = null;
        if (random.nextBoolean()) {
            MemoryFile base = new MemoryFile(new byte[SECTORS * SECTOR / 2]);
            backing = new RawImage(base, false);
            for (int sector = 0; sector < SECTORS / 2; sector++) {
                backing.write((long) sector * SECTOR, sectors(1, sector % 3 == 0 ? 0 : -sector - 10L));
            }
        }
        for (int sector = 0; sector < SECTORS; sector++) {
            boolean zero = backing == null || sector >= SECTORS / 2 || sector % 3 == 0;
            possible.add(new ArrayList<>(List.of(zero ? 0 : -sector - 10L)));
        }
    }

    private MemorySegment sectors(int count, long number) {
        MemorySegment memory = arena.allocate((long) count * SECTOR, 8);
        for (long at = 0; at < memory.byteSize(); at += 8) {
            memory.set(ValueLayout.JAVA_LONG, at, number);
        }
        return memory;
    }

    private void useUntilKilled(MemoryFile file) throws IOException {
        Qcow2Image image = Qcow2Image.open(file, false, backing);
        for (int i = 0; i < 200; i++) {
            try {
                step(image);
            } catch (org.javisor.devices.block.NoSpaceException _) {
                // It happens once more without effect, or it has room next time.
                if (random.nextInt(5) == 0) {
                    file.limit(Long.MAX_VALUE);
                }
            }
        }
        file.limit(Long.MAX_VALUE);
        image.flush();
        settleAll();
        image.close();
    }

    private void step(Qcow2Image image) throws IOException {
        int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 200 : 20);
        int sector = random.nextInt(SECTORS - count);
        long offset = (long) sector * SECTOR;
        long bytes = (long) count * SECTOR;
        switch (random.nextInt(10)) {
            case 0 -> {
                note(sector, count, ANYTHING);
                image.discard(offset, bytes);
                done(sector, count);
            }
            case 1, 2 -> {
                note(sector, count, 0);
                image.writeZeroes(offset, bytes, random.nextBoolean());
                done(sector, count);
            }
            case 3 -> {
                image.flush();
                settleAll();
            }
            default -> {
                long number = nextNumber++;
                note(sector, count, number);
                image.write(offset, IoVector.of(sectors(count, number)));
                done(sector, count);
            }
        }
    }

    private void note(int sector, int count, long number) {
        for (int i = sector; i < sector + count; i++) {
            possible.get(i).add(number);
        }
    }

    /// A request that fails may have changed some sectors; one that succeeds leaves no doubt, but for a crash.
    private void done(int sector, int count) {
        for (int i = sector; i < sector + count; i++) {
            certain[i] = possible.get(i).size() - 1;
        }
    }

    /// What came before the last request that succeeded is gone for good.
    private void settleAll() {
        for (int i = 0; i < SECTORS; i++) {
            possible.get(i).subList(0, certain[i]).clear();
            certain[i] = 0;
        }
    }

    private void inspect(MemoryFile file, int crash) throws IOException {
        String where = "-Djavisor.seed=" + seed + ", crash " + crash;
        Qcow2Check.Report report = Qcow2Check.check(file);
        assertEquals(0, report.errors(), () -> where + ": " + report.messages());
        Qcow2Image image = Qcow2Image.open(file, true, backing);
        MemorySegment memory = arena.allocate(SECTOR, 8);
        for (int sector = 0; sector < SECTORS; sector++) {
            image.read((long) sector * SECTOR, IoVector.of(memory));
            long found = memory.get(ValueLayout.JAVA_LONG, 0);
            for (long at = 8; at < SECTOR; at += 8) {
                assertEquals(found, memory.get(ValueLayout.JAVA_LONG, at), where + ", torn sector " + sector);
            }
            List<Long> numbers = possible.get(sector);
            assertTrue(numbers.contains(found) || numbers.contains(ANYTHING),
                    where + ", sector " + sector + " is " + found + ", not one of " + numbers);
            numbers.clear();
            numbers.add(found);
            certain[sector] = 0;
        }
    }
}
