// SPDX-License-Identifier: Apache-2.0

/// The only place that calls native code.
module org.javisor.host {
    exports org.javisor.host;
}
