// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The advanced error reporting of a function at one end of a link: which errors it has met, and which of them it tells
/// the root port of.
///
/// Nothing goes wrong by itself here: [#report] is for who wants to see what a guest does about it. The registers are
/// all in configuration space. Differs from hardware: a function-level or hot reset takes them back to power-on as
/// any other does.
///
/// @pci PCI Express 5.0 §6.2 "Error Signaling and Logging", §7.8.4 "Advanced Error Reporting Extended Capability"
public final class AdvancedErrors {
    /// How bad an error is, which is also the message that tells of it.
    enum Severity { CORRECTABLE, NONFATAL, FATAL }

    static final int ID = 1, VERSION = 2, BYTES = 0x48;
    static final int UNCORRECTABLE_STATUS = 4, UNCORRECTABLE_MASK = 8, UNCORRECTABLE_SEVERITY = 0xc,
            CORRECTABLE_STATUS = 0x10, CORRECTABLE_MASK = 0x14, CONTROL = 0x18, HEADER_LOG = 0x1c;
    private static final int HEADER_WORDS = 4, FIRST_ERROR = 0x1f;
    /// Errors that are fatal unless software thinks otherwise.
    private static final int FATAL_DEFAULT = PciError.DATA_LINK_PROTOCOL.bit() | PciError.SURPRISE_DOWN.bit()
            | PciError.FLOW_CONTROL_PROTOCOL.bit() | PciError.RECEIVER_OVERFLOW.bit() | PciError.MALFORMED_TLP.bit();
    private static final int SIGNALED_SYSTEM_ERROR = 0x4000, SERR_ENABLE = 0x100;

    private final PciFunction function;
    private final int express;
    private final int at;

    private AdvancedErrors(PciFunction function, int express) {
        this.function = function;
        this.express = express;
        ConfigSpace config = function.config();
        at = config.addExtendedCapability(ID, VERSION, BYTES);
        int uncorrectable = PciError.bits(true), correctable = PciError.bits(false);
        config.allowClear(at + UNCORRECTABLE_STATUS, 4, uncorrectable);
        config.allow(at + UNCORRECTABLE_MASK, 4, uncorrectable);
        config.set(at + UNCORRECTABLE_SEVERITY, 4, FATAL_DEFAULT);
        config.allow(at + UNCORRECTABLE_SEVERITY, 4, uncorrectable);
        config.allowClear(at + CORRECTABLE_STATUS, 4, correctable);
        config.allow(at + CORRECTABLE_MASK, 4, correctable);
        config.carry(at + CONTROL, 4, FIRST_ERROR);
        for (int word = 0; word < HEADER_WORDS; word++) {
            config.carry(at + HEADER_LOG + 4 * word, 4, ~0);
        }
    }

    /// Adds the capability to `function`, before it joins a bus.
    ///
    /// @param express where its PCI Express capability is
    static AdvancedErrors add(PciFunction function, int express) {
        AdvancedErrors errors = new AdvancedErrors(function, express);
        function.reportsErrors(errors);
        return errors;
    }

    /// Where the capability is.
    int at() {
        return at;
    }

    /// The function meets an error that no packet is to blame for.
    public void report(PciError error) {
        report(error, new int[HEADER_WORDS]);
    }

    /// The function meets an error. Any thread.
    ///
    /// @param header four words of the packet that is to blame
    public void report(PciError error, int[] header) {
        Severity severity = severity(error);
        int detected = 1 << severity.ordinal();
        function.updateConfig(express + ExpressCapability.DEVICE_STATUS, 2, bits -> bits | detected
                | (error == PciError.UNSUPPORTED_REQUEST ? ExpressCapability.UNSUPPORTED_REQUEST_DETECTED : 0));
        boolean masked = error.uncorrectable ? uncorrectable(error, header) : correctable(error);
        if (!masked && enabled(severity)) {
            send(severity);
        }
    }

    private Severity severity(PciError error) {
        if (!error.uncorrectable) {
            return Severity.CORRECTABLE;
        }
        return has(UNCORRECTABLE_SEVERITY, error) ? Severity.FATAL : Severity.NONFATAL;
    }

    private boolean has(int register, PciError error) {
        return (function.readConfig(at + register, 4) & error.bit()) != 0;
    }

    private boolean correctable(PciError error) {
        function.updateConfig(at + CORRECTABLE_STATUS, 4, bits -> bits | error.bit());
        return has(CORRECTABLE_MASK, error);
    }

    /// Of errors that software has not seen yet the first keeps the log.
    private boolean uncorrectable(PciError error, int[] header) {
        boolean masked = has(UNCORRECTABLE_MASK, error);
        int first = function.readConfig(at + CONTROL, 4) & FIRST_ERROR;
        boolean logged = first != 0 && (function.readConfig(at + UNCORRECTABLE_STATUS, 4) >>> first & 1) != 0;
        function.updateConfig(at + UNCORRECTABLE_STATUS, 4, bits -> bits | error.bit());
        if (!masked && !logged) {
            function.updateConfig(at + CONTROL, 4, bits -> bits & ~FIRST_ERROR | error.number);
            for (int n = 0; n < HEADER_WORDS; n++) {
                int word = header[n];
                function.updateConfig(at + HEADER_LOG + 4 * n, 4, _ -> word);
            }
        }
        return masked;
    }

    /// Whether the function may tell: by the bits of PCI Express, or by the older one for those that count there.
    private boolean enabled(Severity severity) {
        int control = function.readConfig(express + ExpressCapability.DEVICE_CONTROL, 2);
        return (control >>> severity.ordinal() & 1) != 0 || severity != Severity.CORRECTABLE && systemErrors();
    }

    private boolean systemErrors() {
        return (function.readConfig(ConfigSpace.COMMAND, 2) & SERR_ENABLE) != 0;
    }

    private void send(Severity severity) {
        if (severity != Severity.CORRECTABLE && systemErrors()) {
            function.updateConfig(ConfigSpace.STATUS, 2, bits -> bits | SIGNALED_SYSTEM_ERROR);
        }
        int source = function.requester();
        RootErrors own = function.rootErrors();
        if (own != null) {
            own.take(severity, source);
        } else if (function.bus().bridge() != null) {
            function.bus().bridge().takeError(severity, source);
        }
    }
}
