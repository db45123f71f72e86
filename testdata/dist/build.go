package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// build builds the programs.
func (d *dist) build(ctx context.Context) error {
	for _, t := range d.wanted() {
		name := filepath.Join(d.tmp, t.os+"-"+t.arch, t.exe())
		cmd := command(ctx, d.root, "go", "build", "-trimpath", "-ldflags", "-s -w -buildid= -X main.buildVersion="+d.version, "-o", name, "./cmd/usmtpkg")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOFLAGS=-mod=readonly", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("building for %s: %w", t, err)
		}
		if t.os == "windows" {
			if err := d.describe(name); err != nil {
				return fmt.Errorf("describing %s: %w", t, err)
			}
		}
		d.programs[t] = name
	}
	return nil
}

// appManifest says what the program knows of Windows: long paths, and UTF-8 as its code page. Package winres
// does not know the last. Source: https://learn.microsoft.com/windows/win32/sbscs/application-manifests.
const appManifest = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <assemblyIdentity type="win32" name="usmtpkg" version="%d.%d.%d.0" processorArchitecture="*"/>
  <description>Refreshes a ConfigMgr USMT package from the Windows ADK</description>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application><supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/></application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
      <activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>
    </windowsSettings>
  </application>
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security><requestedPrivileges><requestedExecutionLevel level="asInvoker" uiAccess="false"/></requestedPrivileges></security>
  </trustInfo>
</assembly>
`

// describe gives a Windows program its version resource, icon and manifest.
func (d *dist) describe(name string) error {
	rs := &winres.ResourceSet{}
	icon, err := winres.NewIconFromImages(icons())
	if err != nil {
		return err
	}
	if err := rs.SetIcon(winres.ID(1), icon); err != nil {
		return err
	}
	n := d.numbers()
	manifest := fmt.Sprintf(appManifest, n[0], n[1], n[2])
	if err := rs.Set(winres.RT_MANIFEST, winres.ID(1), winres.LCIDDefault, []byte(manifest)); err != nil {
		return err
	}
	var info version.Info
	info.SetFileVersion(d.version)
	info.SetProductVersion(d.version)
	for key, text := range map[string]string{
		version.CompanyName: "the usmtpkg authors", version.FileDescription: "usmtpkg: refreshes a ConfigMgr USMT package",
		version.InternalName: "usmtpkg", version.OriginalFilename: "usmtpkg.exe", version.ProductName: "usmtpkg",
		version.LegalCopyright: "Copyright 2026 the usmtpkg authors. Apache License 2.0", version.FileVersion: d.version, version.ProductVersion: d.version,
	} {
		if err := info.Set(version.LangDefault, key, text); err != nil {
			return err
		}
	}
	rs.SetVersionInfo(info)
	return rewrite(name, func(in, out *os.File) error { return rs.WriteToEXE(out, in) })
}

// rewrite replaces a file by what is made of it.
func rewrite(name string, change func(in, out *os.File) error) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	if err := change(in, out); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	_ = in.Close() // Windows renames nothing onto an open file
	return os.Rename(name+".new", name)
}

// numbers is the version as four numbers.
func (d *dist) numbers() (n [4]uint16) {
	for i, digits := range regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)`).FindStringSubmatch(d.version)[1:] {
		v, _ := strconv.ParseUint(digits, 10, 16) // as far as it goes
		n[i] = uint16(v)
	}
	return n
}

// sign signs the Windows programs.
func (d *dist) sign(ctx context.Context) error {
	if d.certificate == "" {
		return nil
	}
	for _, t := range d.wanted() {
		if t.os != "windows" {
			continue
		}
		name := d.programs[t]
		args := []string{"sign", "-h", "sha256", "-certs", d.certificate, "-key", d.certificateKey, "-n", "usmtpkg", "-in", name, "-out", name + ".signed"}
		if d.timestamp != "" {
			args = append(args, "-ts", d.timestamp)
		}
		cmd := command(ctx, "", "osslsigncode", args...)
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("signing for %s: %w: %s", t, err, strings.TrimSpace(string(out)))
		}
		if err := os.Rename(name+".signed", name); err != nil {
			return err
		}
	}
	return nil
}
