// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net.user;

import static org.javisor.devices.net.NetworkOrder.get16;
import static org.javisor.devices.net.NetworkOrder.put16;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The TFTP server: gives out the files of one directory, and takes none.
///
/// It never sends again by itself: a client that misses a block asks again.
///
/// @rfc 1350 "The TFTP Protocol", 2347 to 2349 for blksize and tsize
final class Tftp implements AutoCloseable {
    static final int PORT = 69;
    private static final int READ = 1, WRITE = 2, DATA = 3, ACK = 4, ERROR = 5, OPTIONS_ACK = 6;
    private static final int NOT_FOUND = 1, VIOLATION = 2, ILLEGAL = 4;
    private static final int DEFAULT_BLOCK = 512, SMALLEST_BLOCK = 8, LARGEST_BLOCK = 1428;
    /// The oldest makes room for one more.
    private static final int MOST_TRANSFERS = 16;

    private static final class Transfer {
        private final FileChannel file;
        private final int block;
        /// The number of the last block that was sent, from 1 on; the protocol shows its low 16 bits.
        private long sent;

        Transfer(FileChannel file, int block) {
            this.file = file;
            this.block = block;
        }
    }

    private final Path directory;
    private final Map<Integer, Transfer> transfers = new LinkedHashMap<>();
    private final byte[] message = new byte[4 + LARGEST_BLOCK];

    /// @param directory null to have no files
    Tftp(Path directory) {
        this.directory = directory;
    }

    /// Answers a datagram from the guest's `port`.
    void receive(byte[] packet, int at, int bytes, int port, GuestLink guest) throws IOException {
        if (bytes < 4) {
            return;
        }
        switch (get16(packet, at)) {
            case READ -> begin(words(packet, at + 2, at + bytes), port, guest);
            case WRITE -> error(port, VIOLATION, "files are only given out", guest);
            case ACK -> next(port, get16(packet, at + 2), guest);
            case ERROR -> end(port);
            default -> error(port, ILLEGAL, "unknown operation", guest);
        }
    }

    /// The strings of a request, each with a zero behind it.
    private static List<String> words(byte[] packet, int from, int end) {
        List<String> words = new ArrayList<>();
        int start = from;
        for (int at = from; at < end; at++) {
            if (packet[at] == 0) {
                words.add(new String(packet, start, at - start, StandardCharsets.UTF_8));
                start = at + 1;
            }
        }
        return words;
    }

    private void begin(List<String> words, int port, GuestLink guest) throws IOException {
        end(port);
        Path file = words.size() < 2 ? null : find(words.getFirst());
        if (file == null) {
            error(port, NOT_FOUND, "no such file", guest);
            return;
        }
        if (transfers.size() == MOST_TRANSFERS) {
            end(transfers.keySet().iterator().next());
        }
        FileChannel channel = FileChannel.open(file);
        int block = DEFAULT_BLOCK;
        StringBuilder accepted = new StringBuilder();
        for (int i = 2; i + 1 < words.size(); i += 2) {
            String option = words.get(i).toLowerCase(Locale.ROOT);
            if (option.equals("blksize") && words.get(i + 1).matches("\\d{1,5}")) {
                block = Math.clamp(Integer.parseInt(words.get(i + 1)), SMALLEST_BLOCK, LARGEST_BLOCK);
                accepted.append("blksize\0").append(block).append('\0');
            } else if (option.equals("tsize")) {
                accepted.append("tsize\0").append(channel.size()).append('\0');
            }
        }
        transfers.put(port, new Transfer(channel, block));
        if (accepted.isEmpty()) {
            next(port, 0, guest);
        } else {
            text(port, OPTIONS_ACK, new byte[0], accepted.toString(), guest);
        }
    }

    /// The file of that name in the directory, links followed only as far as they stay in it; or null.
    private Path find(String name) throws IOException {
        if (directory == null) {
            return null;
        }
        try {
            Path file = directory.resolve(name.replaceFirst("^/+", "")).normalize();
            if (!file.startsWith(directory) || !Files.isRegularFile(file)) {
                return null;
            }
            return file.toRealPath().startsWith(directory.toRealPath()) ? file : null;
        } catch (InvalidPathException _) {
            return null;
        }
    }

    /// Sends the block behind the one that is acknowledged, which is the last or, if that was lost, the one before.
    private void next(int port, int acknowledged, GuestLink guest) throws IOException {
        Transfer transfer = transfers.get(port);
        if (transfer == null) {
            return;
        }
        if (acknowledged == (transfer.sent & 0xffff)) {
            transfer.sent++;
        } else if (acknowledged != (transfer.sent - 1 & 0xffff)) {
            return;
        }
        long from = (transfer.sent - 1) * transfer.block;
        if (from > transfer.file.size()) {
            // The block before was not full: it was the last.
            end(port);
            return;
        }
        ByteBuffer data = ByteBuffer.wrap(message, 4, transfer.block);
        while (data.hasRemaining() && transfer.file.read(data, from + data.position() - 4) > 0) {
            // Until the block is full or the file ends.
        }
        put16(message, 0, DATA);
        put16(message, 2, (int) transfer.sent);
        guest.udp(Ipv4.GATEWAY, PORT, Ipv4.GUEST, port, message, data.position());
    }

    private void error(int port, int code, String text, GuestLink guest) {
        text(port, ERROR, new byte[] {0, (byte) code}, text + "\0", guest);
    }

    private void text(int port, int operation, byte[] head, String text, GuestLink guest) {
        put16(message, 0, operation);
        System.arraycopy(head, 0, message, 2, head.length);
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, message, 2 + head.length, bytes.length);
        guest.udp(Ipv4.GATEWAY, PORT, Ipv4.GUEST, port, message, 2 + head.length + bytes.length);
    }

    private void end(int port) throws IOException {
        Transfer transfer = transfers.remove(port);
        if (transfer != null) {
            transfer.file.close();
        }
    }

    @Override
    public void close() throws IOException {
        for (int port : List.copyOf(transfers.keySet())) {
            end(port);
        }
    }
}
