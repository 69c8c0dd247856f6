// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.io.IOException;
import java.time.Duration;

/// What runs a configuration.
interface Judge {
    /// Its name in the table of results.
    String name();

    Verdict run(Configuration configuration, Duration limit) throws IOException, InterruptedException;
}
