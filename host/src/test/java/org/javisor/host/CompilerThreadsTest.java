// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CompilerThreadsTest {
    private record Thread(String name, int nice) { }

    /// By number.
    private static Map<String, Thread> threads() throws IOException {
        Map<String, Thread> threads = new HashMap<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : (Iterable<Path>) tasks::iterator) {
                try {
                    String status = Files.readString(task.resolve("stat"));
                    String[] fields = status.substring(status.lastIndexOf(')') + 2).split(" ");
                    threads.put(task.getFileName().toString(),
                            new Thread(Files.readString(task.resolve("comm")).strip(), Integer.parseInt(fields[16])));
                } catch (IOException e) {
                    // It has ended.
                }
            }
        }
        return threads;
    }

    @Test
    void theOptimisingCompilerAloneBecomesNicer() throws IOException {
        Map<String, Thread> before = threads();
        int found = CompilerThreads.giveWay(2);
        Map<String, Thread> after = threads();
        List<String> optimising = before.keySet().stream().filter(t -> before.get(t).name().startsWith("C2 Compiler"))
                .filter(after::containsKey).toList();
        assertTrue(found >= optimising.size(), found + " of " + optimising);
        before.forEach((number, thread) -> {
            if (after.containsKey(number)) {
                int nicer = optimising.contains(number) ? 2 : 0;
                assertEquals(Math.min(thread.nice() + nicer, 19), after.get(number).nice(), thread.name());
            }
        });
    }

    @Test
    void niceIsNeverBeyondItsEnd() throws IOException {
        CompilerThreads.giveWay(19);
        CompilerThreads.giveWay(19);
        threads().values().forEach(thread -> assertTrue(thread.nice() <= 19, thread.toString()));
    }
}
