// SPDX-License-Identifier: Apache-2.0
package org.javisor.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.javisor.memory.BusDevice;
import org.javisor.memory.Chip;
import org.junit.jupiter.api.Test;

/// What every device owes, whatever a guest does to it. A device's test is a subclass of three lines.
///
/// @param <D> the device
/// @param <S> its state
public abstract class DeviceContract<D extends BusDevice & Chip<S>, S extends Record> {
    private static final int[] SIZES = {1, 2, 4, 8};
    private static final int RANDOM_ACCESSES = 20_000;

    private final Supplier<D> fresh;
    private final int bytes;

    /// @param fresh makes a device as at power-on; all of them share one clock that stands still
    /// @param bytes how many addresses the device claims
    protected DeviceContract(Supplier<D> fresh, int bytes) {
        this.fresh = fresh;
        this.bytes = bytes;
    }

    /// The part of `state` that a reset restores: all of it, unless a battery keeps something.
    protected Object resetPart(S state) {
        return state;
    }

    @Test
    void everyOffsetAnswersReadsAndWritesOfEverySize() {
        SplittableRandom random = Seeds.random(getClass().getSimpleName());
        D device = fresh.get();

        for (int size : SIZES) {
            for (int offset = 0; offset + size <= bytes; offset++) {
                device.read(offset, size);
                device.write(offset, size, 0);
                device.write(offset, size, masked(-1, size));
                device.write(offset, size, masked(random.nextLong(), size));
                device.read(offset, size);
            }
        }
        exercise(device, random);
    }

    @Test
    void resetRestoresThePowerOnState() {
        SplittableRandom random = Seeds.random(getClass().getSimpleName());
        D device = fresh.get();
        Object powerOn = resetPart(device.save());
        exercise(device, random);

        device.reset();

        assertEquals(Records.text(powerOn), Records.text(resetPart(device.save())));
    }

    @Test
    void aLoadedStateIsTheSavedOneAndBehavesAlike() {
        SplittableRandom random = Seeds.random(getClass().getSimpleName());
        D device = fresh.get();
        exercise(device, random);
        S saved = device.save();
        D other = fresh.get();

        other.load(saved);

        assertEquals(Records.text(saved), Records.text(other.save()));
        for (int offset = 0; offset < bytes; offset++) {
            assertEquals(device.read(offset, 1), other.read(offset, 1), "offset " + offset);
        }
    }

    @Test
    void aSavedStateIsNotChangedByTheDeviceAfterwards() {
        SplittableRandom random = Seeds.random(getClass().getSimpleName());
        D device = fresh.get();
        exercise(device, random);
        S saved = device.save();
        String then = Records.text(saved);

        exercise(device, random);

        assertEquals(then, Records.text(saved));
    }

    private void exercise(D device, SplittableRandom random) {
        for (int i = 0; i < RANDOM_ACCESSES; i++) {
            int size = SIZES[random.nextInt(SIZES.length)];
            if (size > bytes) {
                continue;
            }
            int offset = random.nextInt(bytes - size + 1);
            if (random.nextInt(4) == 0) {
                device.read(offset, size);
            } else {
                device.write(offset, size, masked(random.nextLong(), size));
            }
        }
    }

    private static long masked(long value, int size) {
        return size == 8 ? value : value & (1L << 8 * size) - 1;
    }
}
