// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.image;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.javisor.app.json.Json;
import org.javisor.devices.block.image.ImageInfo;
import org.javisor.devices.block.qcow2.Qcow2Check;
import org.javisor.devices.block.qcow2.Qcow2Header;
import org.javisor.devices.block.qcow2.Snapshot;

/// What `javisor image` tells of images, for people and for programs. Names for programs are QEMU's.
final class InfoReport {
    private InfoReport() { }

    private static String line(String name, Object value) {
        return String.format(Locale.ROOT, "%-18s%s%n", name + ":", printable(String.valueOf(value)));
    }

    /// Names come from the image: they must not move the cursor of who looks at them.
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    static String text(ImageInfo info) {
        StringBuilder text = new StringBuilder(line("image", info.path())).append(line("format", info.format().label()))
                .append(line("disk size", DiskSize.show(info.bytes())))
                .append(line("takes", DiskSize.show(info.allocated())));
        Qcow2Header header = info.qcow2();
        if (header != null) {
            appendQcow2(text, header);
            for (Snapshot snapshot : info.snapshots()) {
                text.append(line("snapshot " + printable(snapshot.id()), snapshot.name() + ", "
                        + Instant.ofEpochSecond(snapshot.seconds()) + ", " + DiskSize.show(snapshot.diskBytes())));
            }
        }
        return text.toString().stripTrailing();
    }

    private static void appendQcow2(StringBuilder text, Qcow2Header header) {
        text.append(line("version", header.version())).append(line("cluster size", header.clusterBytes()))
                .append(line("refcount bits", header.refcountBits()))
                .append(line("compression", header.compression().name().toLowerCase(Locale.ROOT)));
        if (header.backing() != null) {
            text.append(line("backing file", header.backing()));
            text.append(line("backing format", header.backingFormat() == null ? "not stated" : header.backingFormat()));
        }
        if (header.extendedL2()) {
            text.append(line("extended L2", "yes (read only)"));
        }
        if (header.lazyRefcounts()) {
            text.append(line("lazy refcounts", "yes"));
        }
        if (header.dirty()) {
            text.append(line("state", "not closed properly; refcounts are counted anew when it is opened"));
        }
        if (header.corrupt()) {
            text.append(line("state", "corrupt; repair it with javisor image check --repair"));
        }
    }

    static Json json(ImageInfo info) {
        Json json = new Json().with("filename", info.path().toString()).with("format", info.format().label())
                .with("virtual-size", info.bytes()).with("actual-size", info.allocated());
        Qcow2Header header = info.qcow2();
        if (header == null) {
            return json;
        }
        Json data = new Json().with("compat", header.version() == 2 ? "0.10" : "1.1")
                .with("compression-type", header.compression().name().toLowerCase(Locale.ROOT))
                .with("refcount-bits", header.refcountBits()).with("lazy-refcounts", header.lazyRefcounts())
                .with("corrupt", header.corrupt()).with("extended-l2", header.extendedL2());
        List<Json> snapshots = info.snapshots().stream().map(InfoReport::json).toList();
        return json.with("cluster-size", header.clusterBytes()).with("dirty-flag", header.dirty())
                .with("backing-filename", header.backing()).with("backing-filename-format", header.backingFormat())
                .with("snapshots", snapshots)
                .with("format-specific", new Json().with("type", "qcow2").with("data", data));
    }

    private static Json json(Snapshot snapshot) {
        return new Json().with("id", snapshot.id()).with("name", snapshot.name())
                .with("date-sec", snapshot.seconds()).with("vm-clock-nsec", snapshot.vmClock())
                .with("vm-state-size", snapshot.vmState()).with("disk-size", snapshot.diskBytes());
    }

    static String text(Qcow2Check.Report report) {
        StringBuilder text = new StringBuilder();
        report.messages().forEach(message -> text.append(message).append('\n'));
        text.append(report.clean() ? "The image is whole." : report.errors() + " errors, " + report.leaks()
                + " clusters lost").append('\n');
        text.append(report.data()).append(" of ").append(report.clusters()).append(" clusters in use, ")
                .append(report.compressed()).append(" compressed, ").append(report.fragmented()).append(" fragmented");
        return text.toString();
    }

    static Json json(Path file, Qcow2Check.Report report) {
        return new Json().with("filename", file.toString()).with("format", "qcow2")
                .with("corruptions", report.errors()).with("leaks", report.leaks())
                .with("total-clusters", report.clusters()).with("allocated-clusters", report.data())
                .with("compressed-clusters", report.compressed()).with("fragmented-clusters", report.fragmented())
                .with("image-end-offset", report.end()).with("messages", report.messages());
    }
}
