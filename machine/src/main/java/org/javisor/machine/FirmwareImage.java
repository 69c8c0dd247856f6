// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.javisor.devices.firmware.Flash;
import org.javisor.memory.ConfigurationException;

/// Firmware, and what it remembers.
///
/// @param name      for messages
/// @param code      the ROM, which ends at 4 GiB; whole pages
/// @param variables the flash chip below it; empty for none
/// @param file      where changes of the flash are kept; null to forget them
/// @param secure    whether the flash takes commands from system management mode alone; the firmware needs a board
///     that has it
public record FirmwareImage(String name, byte[] code, byte[] variables, Path file, boolean secure) {
    private static final int PAGE = 4096, SMALLEST = 64 << 10, LARGEST = 16 << 20;

    public FirmwareImage {
        check(name, code.length, SMALLEST);
        if (variables.length != 0) {
            check(name + "'s variables", variables.length, PAGE);
        }
    }

    private static void check(String name, int bytes, int smallest) {
        if (bytes % PAGE != 0 || bytes < smallest || bytes > LARGEST) {
            throw new ConfigurationException("firmware " + name + ": " + bytes + " bytes; " + (smallest >> 10)
                    + " KiB to " + (LARGEST >> 20) + " MiB in whole pages are possible");
        }
    }

    /// Reads firmware from files.
    ///
    /// @param template what `variables` is made from if it does not exist; null for none
    /// @param variables the file that keeps changes; null to forget them
    public static FirmwareImage read(Path code, Path template, Path variables) {
        byte[] content = new byte[0];
        if (variables != null && Files.exists(variables)) {
            content = bytes(variables);
        } else if (template != null) {
            content = bytes(template);
            if (variables != null) {
                create(variables, content);
            }
        } else if (variables != null) {
            throw new ConfigurationException("variables " + variables + ": no such file, and " + code
                    + " has no template for it");
        }
        return new FirmwareImage(code.toString(), bytes(code), content, variables, false);
    }

    /// The same, whose variables are protected by system management mode.
    public FirmwareImage withSecure() {
        return new FirmwareImage(name, code, variables, file, true);
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ConfigurationException("firmware " + file + ": "
                    + (Files.notExists(file) ? "no such file" : e.getMessage()), e);
        }
    }

    private static void create(Path file, byte[] content) {
        try {
            Files.write(file, content, StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw new ConfigurationException("variables " + file + ": cannot be made: " + e.getMessage(), e);
        }
    }

    /// Where flash changes go.
    public Flash.Storage storage() {
        return file == null ? (_, _, _) -> { } : this::keep;
    }

    private void keep(byte[] changed, int from, int count) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(changed, 0, count), from);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
