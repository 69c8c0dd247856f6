// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.bytes;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.define;
import static org.javisor.machine.acpi.Aml.integer;
import static org.javisor.machine.acpi.Aml.little;

import org.javisor.devices.tpm.TpmCrb;
import org.javisor.machine.layout.MemoryMap;

/// What ACPI says of a TPM with a command response buffer.
///
/// @tcg ACPI Specification "TCG Hardware Interface Description Table for TPM 2.0"
final class TpmDescription {
    private static final int CLIENT = 0, START_BY_CRB = 7, PARAMETER_BYTES = 12, PRESENT = 0xf;

    private TpmDescription() { }

    /// The body of the TPM2 table. There is no event log: whoever measures keeps its own.
    static byte[] table() {
        int noLogBytes = 0;
        long noLog = 0;
        return concat(little(CLIENT, 2), little(0, 2), little(MemoryMap.TPM + TpmCrb.CONTROL_AREA, 8),
                little(START_BY_CRB, 4), new byte[PARAMETER_BYTES], little(noLogBytes, 4), little(noLog, 8));
    }

    static byte[] device() {
        return Aml.device("TPM_",
                define("_HID", Aml.string("MSFT0101")),
                define("_UID", integer(1)),
                define("_STR", Aml.buffer(concat(bytes('T', 0, 'P', 0, 'M', 0), bytes(0, 0)))),
                define("_STA", integer(PRESENT)),
                define("_CRS", Resources.template(Resources.fixedMemory(MemoryMap.TPM, TpmCrb.BYTES))));
    }
}
