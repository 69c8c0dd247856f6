// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// HotSpot's compilers, as Linux sees them: threads of this process.
public final class CompilerThreads {
    private static final Path TASKS = Path.of("/proc/self/task");
    /// What Linux keeps of the name of the optimising compiler's threads.
    private static final String OPTIMIZING = "C2 CompilerThre";
    /// proc(5), /proc/PID/stat: how many fields behind the name the nice value is.
    private static final int NICE = 16;
    private static final int MAX_NICE = 19;
    // sys/resource.h
    private static final int PRIO_PROCESS = 0;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    private CompilerThreads() { }

    /// Has the threads of the optimising compiler, and those that they start later, give way to all others: on a host
    /// with few processors they otherwise take as much of them as the threads that they compile for.
    ///
    /// @param steps by how much nicer they become; 5 leaves them a quarter of what another thread gets
    /// @return how many there were; 0 on a host that does not tell
    public static int giveWay(int steps) {
        int found = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                found += giveWay(task, steps) ? 1 : 0;
            }
        } catch (IOException | DirectoryIteratorException | HostException e) {
            // It was a favour.
        }
        return found;
    }

    private static boolean giveWay(Path task, int steps) throws IOException {
        String status;
        try {
            status = Files.readString(task.resolve("stat"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // The thread has ended.
            return false;
        }
        int nameEnd = status.lastIndexOf(')');
        if (!status.substring(status.indexOf('(') + 1, nameEnd).equals(OPTIMIZING)) {
            return false;
        }
        int nice = Integer.parseInt(status.substring(nameEnd + 2).split(" ")[NICE]);
        setNice(Integer.parseInt(task.getFileName().toString()), Math.min(nice + steps, MAX_NICE));
        return true;
    }

    private static void setNice(int thread, int nice) {
        // SAFETY: integers; the thread is this process's.
        LibC.check("setpriority", e -> (int) Binding.SETPRIORITY.invokeExact(e, PRIO_PROCESS, thread, nice));
    }

    private static final class Binding {
        static final MethodHandle SETPRIORITY = LibC.bind("setpriority", FunctionDescriptor.of(INT, INT, INT, INT));

        private Binding() { }
    }
}
