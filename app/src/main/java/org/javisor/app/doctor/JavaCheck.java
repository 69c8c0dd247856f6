// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

import java.util.ArrayList;
import java.util.List;
import jdk.jfr.FlightRecorder;

/// The Java that this runs on.
final class JavaCheck implements Check {
    private static final String JAVA = "Java";
    private static final int WANTED = 25;

    @Override
    public List<Finding> look() {
        List<Finding> findings = new ArrayList<>();
        String version = Runtime.version() + ", " + System.getProperty("java.vm.name") + " of "
                + System.getProperty("java.vendor");
        findings.add(Runtime.version().feature() < WANTED
                ? Finding.bad(JAVA, version, "install a JDK " + WANTED + " or later, or name one in JAVISOR_JAVA_HOME")
                : Finding.ok(JAVA, version + " in " + System.getProperty("java.home")));
        if (!System.getProperty("java.vm.name").contains("HotSpot")
                && !System.getProperty("java.vm.name").contains("OpenJDK")) {
            findings.add(Finding.note(JAVA, "this is not HotSpot, for which Javisor was tuned", null));
        }
        if (!FlightRecorder.isAvailable()) {
            findings.add(Finding.note("Flight Recorder", "not in this Java: --jfr will not work",
                    "use a JDK with the module jdk.jfr"));
        }
        return findings;
    }
}
