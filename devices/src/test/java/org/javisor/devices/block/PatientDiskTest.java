// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.javisor.devices.block.qcow2.Qcow2Creation;
import org.javisor.devices.block.qcow2.Qcow2Image;
import org.junit.jupiter.api.Test;

class PatientDiskTest {
    private static final long PATIENCE_SECONDS = 30;

    private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final MemoryFile file = new MemoryFile();

    private PatientDisk disk(BlockBackend inner) {
        return new PatientDisk(inner, new PatientDisk.Listener() {
            @Override
            public void full(String message) {
                told.add("full");
            }

            @Override
            public void goesOn() {
                told.add("goes on");
            }
        }, 1);
    }

    private FutureTask<Void> writing(BlockBackend disk, int value) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            disk.write(0, Arena.ofAuto().allocate(200_000).fill((byte) value));
            disk.flush();
            return null;
        });
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    private String nextTold() throws InterruptedException {
        return told.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aWriteWaitsForRoomAndIsWholeThen() throws Exception {
        Qcow2Creation.of(1 << 20).write(file);
        PatientDisk disk = disk(Qcow2Image.open(file, false, null));
        file.limit(file.length() + 100_000);
        FutureTask<Void> write = writing(disk, 7);
        assertEquals("full", nextTold());

        file.limit(Long.MAX_VALUE);
        write.get(PATIENCE_SECONDS, TimeUnit.SECONDS);

        assertEquals("goes on", nextTold());
        disk.close();
        assertEquals(0, Qcow2Check.check(file).errors());
        Qcow2Image again = Qcow2Image.open(file, true, null);
        MemorySegment seen = Arena.ofAuto().allocate(200_000);
        again.read(0, seen);
        assertEquals(-1, Arena.ofAuto().allocate(200_000).fill((byte) 7).mismatch(seen));
        assertEquals(7, seen.get(ValueLayout.JAVA_BYTE, 199_999));
    }

    @Test
    void whoGivesUpGetsTheError() throws Exception {
        file.truncate(100_000);
        PatientDisk disk = disk(new RawImage(file, false));
        file.limit(100_000);
        FutureTask<Void> write = writing(disk, 1);
        assertEquals("full", nextTold());

        disk.giveUp();

        ExecutionException e = assertThrows(ExecutionException.class,
                () -> write.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertInstanceOf(NoSpaceException.class, e.getCause());
        assertEquals("goes on", nextTold());
    }

    @Test
    void otherErrorsAreNotWaitedFor() throws IOException {
        Qcow2Creation.of(1 << 20).write(file);
        PatientDisk disk = disk(Qcow2Image.open(file, true, null));

        assertThrows(IOException.class, () -> disk.write(0, Arena.ofAuto().allocate(512)));
        assertEquals(List.of(), List.copyOf(told));
    }
}
