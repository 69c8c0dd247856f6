// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.javisor.memory.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeakerRecordingTest {
    private static final long SECOND = 1_000_000_000;

    @TempDir
    private Path directory;

    private byte[] samples(Path file) throws Exception {
        try (AudioInputStream sound = AudioSystem.getAudioInputStream(file.toFile())) {
            assertEquals(SpeakerRecording.SAMPLES_PER_SECOND, sound.getFormat().getSampleRate());
            return sound.readAllBytes();
        }
    }

    private static int changes(byte[] samples, int from, int to) {
        int changes = 0;
        for (int n = from + 1; n < to; n++) {
            changes += samples[n] != samples[n - 1] ? 1 : 0;
        }
        return changes;
    }

    @Test
    void twoTonesWithSilenceBetweenThemAreWaves() throws Exception {
        Path file = directory.resolve("tones.wav");
        int rate = SpeakerRecording.SAMPLES_PER_SECOND;
        try (SpeakerRecording recording = new SpeakerRecording(file)) {
            recording.tone(5 * SECOND, 440);
            recording.tone(6 * SECOND, 0);
            recording.tone(7 * SECOND, 1000);
            recording.tone(9 * SECOND, 0);
        }

        byte[] samples = samples(file);

        assertEquals(4 * rate, samples.length);
        assertEquals(2 * 440, changes(samples, 0, rate), 2);
        assertEquals(0, changes(samples, rate + 1, 2 * rate));
        assertEquals(2 * 2000, changes(samples, 2 * rate, 4 * rate), 2);
    }

    @Test
    void withoutAToneThereIsAnEmptyRecording() throws Exception {
        Path file = directory.resolve("none.wav");
        try (SpeakerRecording recording = new SpeakerRecording(file)) {
            recording.tone(SECOND, 0);
        }

        assertEquals(0, samples(file).length);
    }

    @Test
    void aGuestThatNeverStopsIsNotFollowedForEver() throws Exception {
        Path file = directory.resolve("noise.wav");
        try (SpeakerRecording recording = new SpeakerRecording(file)) {
            for (int n = 0; n < SpeakerRecording.MAX_CHANGES + 1000; n++) {
                recording.tone(n, 1000 + n % 2);
            }
        }

        assertEquals(5, samples(file).length);
    }

    @Test
    void aFileThatCannotBeWrittenIsSaidBeforeAnythingRuns() {
        assertThrows(ConfigurationException.class, () -> new SpeakerRecording(directory.resolve("no/such.wav")));
    }
}
