package inventory

// lifecycles are the last days of support, one release a line: the release as its advisory namespace, the last day of what
// everybody gets, and where there is a longer support the last day of that and its name. A comment names the vendor's page. Where a
// vendor publishes a month, it is the month's last day. What no vendor has said to the day (Azure Linux 3.0: summer of 2027;
// CentOS Stream 10: 2030; Photon OS 5.0) is left out. CentOS and Scientific Linux have the advisories of Red Hat, and SUSE Linux Micro some of
// SLES, but lives of their own.
const lifecycles = `
# https://www.debian.org/releases/ and https://wiki.debian.org/LTS
Debian:3.0  2006-06-30
Debian:3.1  2008-03-31
Debian:4.0  2010-02-15
Debian:5.0  2012-02-06
Debian:6.0  2014-05-31  2016-02-29  LTS
Debian:7    2016-04-25  2018-05-31  LTS
Debian:8    2018-06-17  2020-06-30  LTS
Debian:9    2020-07-18  2022-06-30  LTS
Debian:10   2022-09-10  2024-06-30  LTS
Debian:11   2024-08-14  2026-08-31  LTS
Debian:12   2026-06-10  2028-06-30  LTS
Debian:13   2028-08-09  2030-06-30  LTS

# https://ubuntu.com/about/release-cycle and https://wiki.ubuntu.com/Releases; ESM is part of Ubuntu Pro
Ubuntu:12.04  2017-04-28  2019-04-26  ESM
Ubuntu:12.10  2014-05-16
Ubuntu:13.04  2014-01-27
Ubuntu:13.10  2014-07-17
Ubuntu:14.04  2019-04-25  2024-04-25  ESM
Ubuntu:14.10  2015-07-23
Ubuntu:15.04  2016-02-04
Ubuntu:15.10  2016-07-28
Ubuntu:16.04  2021-04-30  2026-04-23  ESM
Ubuntu:16.10  2017-07-20
Ubuntu:17.04  2018-01-13
Ubuntu:17.10  2018-07-19
Ubuntu:18.04  2023-05-31  2028-04-26  ESM
Ubuntu:18.10  2019-07-18
Ubuntu:19.04  2020-01-23
Ubuntu:19.10  2020-07-17
Ubuntu:20.04  2025-05-29  2030-04-23  ESM
Ubuntu:20.10  2021-07-22
Ubuntu:21.04  2022-01-20
Ubuntu:21.10  2022-07-14
Ubuntu:22.04  2027-06-01  2032-04-21  ESM
Ubuntu:22.10  2023-07-20
Ubuntu:23.04  2024-01-25
Ubuntu:23.10  2024-07-11
Ubuntu:24.04  2029-05-31  2034-04-25  ESM
Ubuntu:24.10  2025-07-10
Ubuntu:25.04  2026-01-15
Ubuntu:25.10  2026-07-09
Ubuntu:26.04  2031-05-29  2036-04-23  ESM

# https://alpinelinux.org/releases/
Alpine:v2.1   2012-11-01
Alpine:v2.2   2013-05-01
Alpine:v2.3   2013-11-01
Alpine:v2.4   2014-05-01
Alpine:v2.5   2014-11-01
Alpine:v2.6   2015-05-01
Alpine:v2.7   2015-11-01
Alpine:v3.0   2016-05-01
Alpine:v3.1   2016-11-01
Alpine:v3.2   2017-05-01
Alpine:v3.3   2017-11-01
Alpine:v3.4   2018-05-01
Alpine:v3.5   2018-11-01
Alpine:v3.6   2019-05-01
Alpine:v3.7   2019-11-01
Alpine:v3.8   2020-05-01
Alpine:v3.9   2020-11-01
Alpine:v3.10  2021-05-01
Alpine:v3.11  2021-11-01
Alpine:v3.12  2022-05-01
Alpine:v3.13  2022-11-01
Alpine:v3.14  2023-05-01
Alpine:v3.15  2023-11-01
Alpine:v3.16  2024-05-23
Alpine:v3.17  2024-11-22
Alpine:v3.18  2025-05-09
Alpine:v3.19  2025-11-01
Alpine:v3.20  2026-04-01
Alpine:v3.21  2026-11-01
Alpine:v3.22  2027-05-01
Alpine:v3.23  2027-11-01

# https://access.redhat.com/support/policy/updates/errata: maintenance support, and the ELS add-on
Red Hat:4   2012-02-29  2017-03-31  ELS
Red Hat:5   2017-03-31  2020-11-30  ELS
Red Hat:6   2020-11-30  2024-06-30  ELS
Red Hat:7   2024-06-30  2028-06-30  ELS
Red Hat:8   2029-05-31  2032-05-31  ELS
Red Hat:9   2032-05-31  2035-05-31  ELS
Red Hat:10  2035-05-31  2038-05-31  ELS

# https://www.centos.org/centos-linux-eol/ and https://wiki.centos.org/About/Product
CentOS:5  2017-03-31
CentOS:6  2020-11-30
CentOS:7  2024-06-30
CentOS:8  2021-12-31

# https://www.centos.org/cl-vs-cs/#end-of-life; of 10 it says 2030
CentOS Stream:8  2024-05-31
CentOS Stream:9  2027-05-31

# https://scientificlinux.org/downloads/sl-versions/
Scientific Linux:6  2020-11-30
Scientific Linux:7  2024-06-30

# https://wiki.almalinux.org/release-notes/: security support
AlmaLinux:8   2029-03-01
AlmaLinux:9   2032-05-31
AlmaLinux:10  2035-05-31

# https://wiki.rockylinux.org/rocky/version/
Rocky Linux:8   2029-05-31
Rocky Linux:9   2032-05-31
Rocky Linux:10  2035-05-31

# https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf: premier and extended support, by month
Oracle Linux:5   2017-06-30  2020-11-30  Extended Support
Oracle Linux:6   2021-03-31  2024-12-31  Extended Support
Oracle Linux:7   2024-12-31  2028-06-30  Extended Support
Oracle Linux:8   2029-07-31  2032-07-31  Extended Support
Oracle Linux:9   2032-06-30  2035-06-30  Extended Support

# https://aws.amazon.com/amazon-linux-ami/faqs/, https://aws.amazon.com/amazon-linux-2/faqs/ and
# https://docs.aws.amazon.com/linux/al2023/ug/release-cadence.html; 2022 was a preview of 2023
Amazon Linux:1     2020-12-31  2023-12-31  maintenance support
Amazon Linux:2     2026-06-30
Amazon Linux:2023  2029-06-30

# https://www.suse.com/lifecycle: general support, and LTSS; from 16 on it is called LTS
SUSE:10    2007-12-31
SUSE:10.1  2008-11-30  2010-12-31  LTSS
SUSE:10.2  2010-04-11  2013-04-10  LTSS
SUSE:10.3  2011-10-11  2014-10-31  LTSS
SUSE:10.4  2013-07-31  2016-07-30  LTSS
SUSE:11    2010-12-31
SUSE:11.1  2012-08-31  2015-08-30  LTSS
SUSE:11.2  2014-01-31  2017-01-30  LTSS
SUSE:11.3  2016-01-31  2019-01-30  LTSS
SUSE:11.4  2019-03-31  2022-03-31  LTSS
SUSE:12    2016-06-30  2019-07-01  LTSS
SUSE:12.1  2017-05-31  2020-05-31  LTSS
SUSE:12.2  2018-03-31  2021-03-31  LTSS
SUSE:12.3  2019-06-30  2022-06-30  LTSS
SUSE:12.4  2020-06-30  2023-06-30  LTSS
SUSE:12.5  2024-10-31  2027-10-31  LTSS
SUSE:15    2019-12-31  2022-12-31  LTSS
SUSE:15.1  2021-01-31  2024-01-31  LTSS
SUSE:15.2  2021-12-31  2024-12-31  LTSS
SUSE:15.3  2022-12-31  2025-12-31  LTSS
SUSE:15.4  2023-12-31  2026-12-31  LTSS
SUSE:15.5  2024-12-31  2027-12-31  LTSS
SUSE:15.6  2025-12-31  2028-12-31  LTSS
SUSE:15.7  2031-07-31  2034-07-31  LTSS

# https://www.suse.com/lifecycle/#suse-linux-micro: general support
SUSE Linux Micro:5.0  2022-03-31
SUSE Linux Micro:5.1  2025-10-31
SUSE Linux Micro:5.2  2026-04-30
SUSE Linux Micro:5.3  2026-10-30
SUSE Linux Micro:5.4  2027-04-30
SUSE Linux Micro:5.5  2027-10-31
SUSE Linux Micro:6.0  2028-06-30
SUSE Linux Micro:6.1  2028-11-30

# https://en.opensuse.org/Lifetime
openSUSE:11.0  2010-07-26
openSUSE:11.1  2011-01-14
openSUSE:11.2  2011-05-12
openSUSE:11.3  2012-01-20
openSUSE:11.4  2012-11-05
openSUSE:12.1  2013-05-15
openSUSE:12.2  2014-01-15
openSUSE:12.3  2015-01-29
openSUSE:13.1  2016-02-03
openSUSE:13.2  2017-01-17
openSUSE:42.1  2017-05-17
openSUSE:42.2  2018-01-26
openSUSE:42.3  2019-07-01
openSUSE:15.0  2019-12-03
openSUSE:15.1  2021-02-02
openSUSE:15.2  2022-01-04
openSUSE:15.3  2022-12-31
openSUSE:15.4  2023-12-07
openSUSE:15.5  2024-12-31
openSUSE:15.6  2026-04-30
openSUSE:16.0  2027-10-31

# https://docs.fedoraproject.org/en-US/releases/eol/; later releases say it in their os-release
Fedora:12  2010-12-02
Fedora:13  2011-06-24
Fedora:14  2011-12-09
Fedora:15  2012-06-26
Fedora:16  2013-02-12
Fedora:17  2013-07-30
Fedora:18  2014-01-14
Fedora:19  2015-01-06
Fedora:20  2015-06-23
Fedora:21  2015-12-01
Fedora:22  2016-07-19
Fedora:23  2016-12-20
Fedora:24  2017-08-08
Fedora:25  2017-12-12
Fedora:26  2018-05-29
Fedora:27  2018-11-30
Fedora:28  2019-05-28
Fedora:29  2019-11-26
Fedora:30  2020-05-26
Fedora:31  2020-11-24
Fedora:32  2021-05-25
Fedora:33  2021-11-30
Fedora:34  2022-06-07
Fedora:35  2022-12-13
Fedora:36  2023-05-16
Fedora:37  2023-12-05
Fedora:38  2024-05-21
Fedora:39  2024-11-26
Fedora:40  2025-05-13
Fedora:41  2025-12-15
Fedora:42  2026-05-13
Fedora:43  2026-12-09

# https://blogs.vmware.com/vsphere/2022/01/photon-1-x-end-of-support-announcement.html; 3.0 and 4.0 got longer support afterwards, which a
# maintainer tells in https://github.com/endoflife-date/endoflife.date/pull/9025
Photon OS:1.0  2022-02-28
Photon OS:2.0  2022-12-31
Photon OS:3.0  2025-10-02
Photon OS:4.0  2027-10-11

# https://learn.microsoft.com/azure/azure-linux/support-cycle
Azure Linux:2.0  2025-07-31
`
