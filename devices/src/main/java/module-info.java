// SPDX-License-Identifier: Apache-2.0

/// Device models.
module org.javisor.devices {
    requires transitive org.javisor.memory;
    exports org.javisor.devices;
    exports org.javisor.devices.ahci;
    exports org.javisor.devices.ata;
    exports org.javisor.devices.block;
    exports org.javisor.devices.block.image;
    exports org.javisor.devices.block.qcow2;
    exports org.javisor.devices.dma;
    exports org.javisor.devices.edu;
    exports org.javisor.devices.firmware;
    exports org.javisor.devices.floppy;
    exports org.javisor.devices.ide;
    exports org.javisor.devices.net;
    exports org.javisor.devices.net.e1000;
    exports org.javisor.devices.net.user;
    exports org.javisor.devices.nvme;
    exports org.javisor.devices.pci;
    exports org.javisor.devices.scsi;
    exports org.javisor.devices.tpm;
    exports org.javisor.devices.usb;
    exports org.javisor.devices.vga;
    exports org.javisor.devices.virtio;
    exports org.javisor.devices.watch;
    exports org.javisor.devices.xhci;
}
