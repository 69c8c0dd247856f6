// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.javisor.memory.ConfigurationException;
import org.javisor.vmm.irq.I8254.ToneListener;

/// What the PC speaker played, from the first tone to the end of the last, as a WAV file of square waves.
///
/// Tones are noted while the machine runs, and made into sound when it has ended. A guest that changes them more often
/// than anybody can hear is not followed for ever: [#MAX_CHANGES] are kept.
final class SpeakerRecording implements ToneListener, AutoCloseable {
    static final int SAMPLES_PER_SECOND = 22_050;
    static final int MAX_CHANGES = 1 << 18;
    private static final int SILENCE = 128, AMPLITUDE = 48;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final AudioFormat FORMAT = new AudioFormat(SAMPLES_PER_SECOND, 8, 1, false, false);

    private final Path file;
    private long[] since = new long[64];
    private int[] hertz = new int[64];
    private int changes;

    /// @throws ConfigurationException if the file cannot be written
    SpeakerRecording(Path file) {
        this.file = file;
        try {
            Files.newOutputStream(file).close();
        } catch (IOException e) {
            throw new ConfigurationException("--speaker " + file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void tone(long nanos, int newHertz) {
        boolean silentYet = changes == 0 && newHertz == 0;
        if (silentYet || changes == MAX_CHANGES || changes > 0 && nanos < since[changes - 1]) {
            return;
        }
        if (changes == since.length) {
            since = Arrays.copyOf(since, 2 * changes);
            hertz = Arrays.copyOf(hertz, 2 * changes);
        }
        since[changes] = nanos;
        hertz[changes++] = newHertz;
    }

    /// Writes the file.
    @Override
    public synchronized void close() {
        long samples = changes == 0 ? 0 : sample(changes - 1);
        try (AudioInputStream sound = new AudioInputStream(new Waves(samples), FORMAT, samples)) {
            AudioSystem.write(sound, AudioFileFormat.Type.WAVE, file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("--speaker " + file + ": " + e.getMessage(), e);
        }
    }

    /// The number of the sample at which change `n` came.
    private long sample(int n) {
        long nanos = since[n] - since[0];
        return nanos / NANOS_PER_SECOND * SAMPLES_PER_SECOND
                + nanos % NANOS_PER_SECOND * SAMPLES_PER_SECOND / NANOS_PER_SECOND;
    }

    /// The samples, made as they are asked for.
    private final class Waves extends InputStream {
        private final long samples;
        private long at;
        private int change;

        Waves(long samples) {
            this.samples = samples;
        }

        @Override
        public int read() {
            if (at >= samples) {
                return -1;
            }
            while (change + 1 < changes && sample(change + 1) <= at) {
                change++;
            }
            int sounding = hertz[change];
            long halfPeriods = 2 * (at++ - sample(change)) * sounding / SAMPLES_PER_SECOND;
            return sounding == 0 ? SILENCE : SILENCE + ((halfPeriods & 1) == 0 ? AMPLITUDE : -AMPLITUDE);
        }
    }
}
