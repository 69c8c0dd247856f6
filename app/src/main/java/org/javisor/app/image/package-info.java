// SPDX-License-Identifier: Apache-2.0

/// `javisor image`: disk images outside of any machine.
package org.javisor.app.image;
