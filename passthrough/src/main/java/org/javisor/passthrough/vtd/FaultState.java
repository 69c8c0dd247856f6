// SPDX-License-Identifier: Apache-2.0
package org.javisor.passthrough.vtd;

import java.util.List;

/// What a unit remembers of faults.
///
/// @param first   the record of the fault that was told first
/// @param next    the record for the next one
/// @param records the low, then the high half of each
public record FaultState(int errors, int first, int next, List<Long> records, EventState event) {
    public FaultState {
        records = List.copyOf(records);
        if ((errors & ~(FaultRecords.OVERFLOW | FaultRecords.QUEUE_ERROR)) != 0 || first < 0
                || first >= FaultRecords.RECORDS || next < 0 || next >= FaultRecords.RECORDS
                || records.size() != 2 * FaultRecords.RECORDS) {
            throw new IllegalArgumentException("fault records that no unit has");
        }
    }
}
