// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.javisor.machine.FirmwareImage;

/// Firmware by name, from Debian's packages: `seabios`, `ovmf` for UEFI, and `ovmf-secure` for UEFI with Secure Boot;
/// or from a file.
public final class DebianFirmware {
    /// OVMF that needs system management mode, with the keys of Microsoft, so that Secure Boot is on.
    private static final String SECURE = "ovmf-secure";
    private static final String SEABIOS = "seabios", OVMF = "ovmf", IPXE = "ipxe-qemu";

    private DebianFirmware() { }

    /// The BIOS of a VGA, which SeaBIOS needs and UEFI does not mind.
    public static byte[] vgaBios(Cache cache, Consumer<String> progress) {
        Path root = cache.entry(SEABIOS, into -> new DebianPackages(progress).unpack(SEABIOS, into));
        try {
            return Files.readAllBytes(root.resolve("usr/share/seabios/vgabios-stdvga.bin"));
        } catch (IOException e) {
            throw new UncheckedIOException("VGA BIOS: " + e.getMessage(), e);
        }
    }

    /// What a network card's ROM holds to boot from the network: iPXE, for a BIOS and for UEFI.
    ///
    /// @param card `e1000` or `e1000e`
    public static byte[] networkBoot(String card, Cache cache, Consumer<String> progress) {
        Path root = cache.entry(IPXE, into -> new DebianPackages(progress).unpack(IPXE, into));
        try {
            return Files.readAllBytes(root.resolve("usr/lib/ipxe/qemu/efi-" + card + ".rom"));
        } catch (IOException e) {
            throw new UncheckedIOException("iPXE: " + e.getMessage(), e);
        }
    }

    /// @param name      `seabios`, `ovmf`, `ovmf-secure`, or a file that is the ROM
    /// @param variables the file that keeps UEFI variables; null to forget them at the end
    /// @param progress  told what is being waited for
    public static FirmwareImage get(String name, Path variables, Cache cache, Consumer<String> progress) {
        DebianPackages packages = new DebianPackages(progress);
        return switch (name) {
            case SEABIOS -> {
                Path root = cache.entry(SEABIOS, into -> packages.unpack(SEABIOS, into));
                yield FirmwareImage.read(root.resolve("usr/share/seabios/bios-256k.bin"), null, variables);
            }
            case OVMF -> {
                Path root = cache.entry(OVMF, into -> packages.unpack(OVMF, into)).resolve("usr/share/OVMF");
                yield FirmwareImage.read(root.resolve("OVMF_CODE_4M.fd"), root.resolve("OVMF_VARS_4M.fd"), variables);
            }
            case SECURE -> {
                Path root = cache.entry(OVMF, into -> packages.unpack(OVMF, into)).resolve("usr/share/OVMF");
                yield FirmwareImage.read(root.resolve("OVMF_CODE_4M.secboot.fd"), root.resolve("OVMF_VARS_4M.ms.fd"),
                        variables).withSecure();
            }
            default -> FirmwareImage.read(Path.of(name), null, variables);
        };
    }
}
