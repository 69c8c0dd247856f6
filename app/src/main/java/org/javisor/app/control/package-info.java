// SPDX-License-Identifier: Apache-2.0

/// How one `javisor` process is asked by another what its machine does.
package org.javisor.app.control;
