// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.List;

/// Looks at one side of the machine. Whatever it meets there is a finding, never an exception.
@FunctionalInterface
interface Check {
    List<Finding> look();
}
