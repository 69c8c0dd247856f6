// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.javisor.app.control.RuntimeDirectory.Entry;
import org.javisor.vmm.Hypervisor;
import org.javisor.vmm.Vm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(60)
class ControlServerTest {
    @TempDir
    private Path temporary;
    private final BlockingQueue<String> reports = new LinkedBlockingQueue<>();

    private RuntimeDirectory directory() {
        return new RuntimeDirectory(temporary.resolve("javisor"));
    }

    private interface Work {
        void with(Entry entry, ControlServer server) throws IOException;
    }

    /// Does something while a server listens for a machine called `name`.
    private void serving(String name, Work work) throws Exception {
        try (Hypervisor hypervisor = Hypervisor.open(); Vm vm = hypervisor.createVm()) {
            vm.createVcpu(0);
            try (ControlServer server = ControlServer.listen(vm, directory(), name, reports::add)) {
                List<Entry> running = ControlClient.running(directory());
                while (running.isEmpty()) {
                    assertEquals(0, reports.size(), reports.toString());
                    assertTrue(!Thread.interrupted(), "the server does not listen");
                    running = ControlClient.running(directory());
                }
                assertEquals(1, running.size());
                work.with(running.getFirst(), server);
            }
        }
    }

    private String run(int status, String... arguments) {
        StringWriter said = new StringWriter();
        CommandLine command = new CommandLine(new KvmStatCommand(directory())).setOut(new PrintWriter(said))
                .setErr(new PrintWriter(said)).setExecutionExceptionHandler((e, failed, _) -> {
                    failed.getErr().println(e.getMessage());
                    return 2;
                });
        assertEquals(status, command.execute(arguments), said.toString());
        return said.toString();
    }

    @Test
    void aClientReadsAsOftenAsItLikes() throws Exception {
        serving("mine", (entry, _) -> {
            try (ControlClient client = ControlClient.connect(entry)) {
                MachineReading first = client.read();
                assertEquals("software", first.engine());
                assertEquals(1, first.processors().size());
                assertTrue(first.machine().has("resets"));
                assertTrue(client.read().nanos() > first.nanos());
            }
        });
    }

    @Test
    void theCommandFindsTheMachine() throws Exception {
        serving("mine", (entry, _) -> {
            assertEquals(entry.pid() + " (mine)\n", run(0, "--list"));
            assertTrue(run(0, "--once").contains("machine " + entry.pid() + " (mine), software, 1 processors"));
            assertTrue(run(0, "mine", "-n", "1", "-i", "0.01").contains("statistic"));
            assertEquals(2, run(0, "--json", "-n", "2", "-i", "0.01").lines().count());
            assertTrue(run(0, "--json", "--once", Long.toString(entry.pid())).contains("\"name\": \"mine\""));
            assertTrue(run(2, "other").contains("no machine other runs"));
            assertTrue(run(2, "--vcpu", "1", "--once").contains("processors 0 to 0"));
        });
        assertTrue(run(2, "--once").contains("no machine runs"));
        assertEquals("", run(0, "--list"));
    }

    @Test
    void whatTheServerDoesNotKnowItSays() throws Exception {
        serving(null, (entry, _) -> {
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(entry.socket()))) {
                channel.write(ByteBuffer.wrap("reboot\n".getBytes(StandardCharsets.US_ASCII)));
                ByteBuffer answer = ByteBuffer.allocate(200);
                while (answer.position() == 0 || answer.get(answer.position() - 2) != '\n') {
                    channel.read(answer);
                }
                assertEquals("error there is nothing called reboot\n\n",
                        new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII));
            }
        });
    }

    @Test
    void whenTheMachineEndsClientsHear() throws Exception {
        serving(null, (entry, server) -> {
            try (ControlClient client = ControlClient.connect(entry)) {
                client.read();
                server.close();

                assertNull(client.read());
                assertTrue(!Files.exists(entry.socket()));
            }
        });
    }

    @Test
    void socketsOfKilledProcessesAreForgotten() throws Exception {
        Path dead = temporary.resolve("1234.socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(dead));
        }

        assertEquals(List.of(), ControlClient.running(new RuntimeDirectory(temporary)));
        assertTrue(!Files.exists(dead));
    }

    @Test
    void aDirectoryThatOthersCanEnterIsNotUsed() throws Exception {
        Path open = Files.createDirectory(temporary.resolve("javisor"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));

        IOException refused = assertThrows(IOException.class, () -> directory().socket(null));

        assertTrue(refused.getMessage().contains("only its owner"), refused.getMessage());
        try (Hypervisor hypervisor = Hypervisor.open(); Vm vm = hypervisor.createVm();
                ControlServer _ = ControlServer.listen(vm, directory(), null, reports::add)) {
            assertTrue(reports.take().contains("kvm-stat will not find this machine"));
        }
    }

    @Test
    void withoutAnEnvironmentTheDirectoryIsTheUsersOwn() throws Exception {
        Path directory = RuntimeDirectory.of(Map.of()).path();
        Path made = Files.createFile(temporary.resolve("mine"));

        assertEquals("javisor-" + Files.getAttribute(made, "unix:uid"), directory.getFileName().toString());
    }

    @Test
    void theEnvironmentNamesTheDirectory() {
        assertEquals(temporary.resolve("javisor"),
                RuntimeDirectory.of(Map.of("XDG_RUNTIME_DIR", temporary.toString())).path());
        assertTrue(RuntimeDirectory.of(Map.of("XDG_RUNTIME_DIR", temporary.resolve("none").toString())).path()
                .getFileName().toString().startsWith("javisor-"));
    }
}
