// SPDX-License-Identifier: Apache-2.0

/// What people touch: the javisor command.
module org.javisor.app {
    requires org.javisor.machine;
    requires info.picocli;
    requires org.jline.terminal;
    requires java.desktop;
    requires org.javisor.host;
    requires org.apache.commons.compress;
    opens org.javisor.app to info.picocli;
    opens org.javisor.app.control to info.picocli;
    opens org.javisor.app.doctor to info.picocli;
    opens org.javisor.app.image to info.picocli;
}
