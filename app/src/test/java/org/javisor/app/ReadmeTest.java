// SPDX-License-Identifier: Apache-2.0
package org.javisor.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.javisor.testkit.MicroGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The programs in the README compile and do what it says.
class ReadmeTest {
    private static final Pattern PROGRAM = Pattern.compile("(?s)```java\\n(.*?class (\\w+) .*?)```");
    private static final int PM1_CONTROL = 0x604, SLEEP_ENABLE = 0x2000;

    @TempDir
    private Path directory;

    private Class<?> compile(String name) throws Exception {
        String readme = Files.readString(Path.of("../README.md"));
        MatchResult program = PROGRAM.matcher(readme).results().filter(r -> r.group(2).equals(name)).findFirst()
                .orElseThrow();
        Path source = Files.writeString(directory.resolve(name + ".java"), program.group(1));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        boolean compiled = compiler.getTask(null, null, null,
                List.of("-d", directory.toString(), "-classpath", System.getProperty("java.class.path")), null,
                compiler.getStandardFileManager(null, null, null).getJavaFileObjects(source)).call();
        assertTrue(compiled, name);
        // Its classes are loaded beside ours for as long as the test runs.
        @SuppressWarnings("resource")
        URLClassLoader loader = new URLClassLoader(new URL[] {directory.toUri().toURL()}, getClass().getClassLoader());
        return loader.loadClass(name);
    }

    private static String run(Class<?> program, String... arguments) throws Exception {
        Method main = program.getDeclaredMethod("main", String[].class);
        main.setAccessible(true);
        PrintStream old = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            main.invoke(null, (Object) arguments);
        } finally {
            System.setOut(old);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theHelloGuestSaysHello() throws Exception {
        assertEquals("Hello from a guest\n", run(compile("HelloGuest")));
    }

    @Test
    void theMachineRunsAKernel() throws Exception {
        Path kernel = Files.write(directory.resolve("kernel"),
                new MicroGuest().print("booted\n").out16(PM1_CONTROL, SLEEP_ENABLE).stop().elf());

        assertEquals("booted\nPoweredOff[]\n", run(compile("BootKernel"), kernel.toString()));
    }
}
