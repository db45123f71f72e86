package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// wingetVersion is that of the schema: https://learn.microsoft.com/windows/package-manager/package/manifest.
const wingetVersion = "1.6.0"

// identifier is the program's name at winget.
const identifier = "usmtpkg.usmtpkg"

// manifests writes those of winget and scoop, if it is known where the files will be.
func (d *dist) manifests(context.Context) error {
	if d.url == "" {
		fmt.Fprintln(os.Stderr, "dist: without -url there are no manifests for winget and scoop")
		return nil
	}
	var installers []any
	scoop := map[string]any{}
	for _, t := range d.wanted() {
		if t.os != "windows" {
			continue
		}
		file := d.file("_windows_" + t.arch + ".zip")
		sum, err := sha256Of(file)
		if err != nil {
			return err
		}
		url := strings.TrimSuffix(d.url, "/") + "/" + filepath.Base(file)
		arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[t.arch]
		installers = append(installers, map[string]any{"Architecture": arch, "InstallerUrl": url, "InstallerSha256": strings.ToUpper(sum)})
		scoop[map[string]string{"amd64": "64bit", "arm64": "arm64"}[t.arch]] = map[string]string{"url": url, "hash": sum}
	}
	if installers == nil {
		return nil
	}
	if err := d.winget(installers); err != nil {
		return err
	}
	text, err := marshalScoop(d, scoop)
	if err != nil {
		return err
	}
	return os.WriteFile(d.file("_scoop.json"), text, 0o666)
}

// short says what the program is, in one line.
const short = "Refreshes a ConfigMgr USMT package from the Windows ADK: find, check, stage, verify"

// winget writes the three manifests of a version.
func (d *dist) winget(installers []any) error {
	for kind, keys := range map[string]map[string]any{
		"version":       {"DefaultLocale": "en-US"},
		"defaultLocale": {"PackageLocale": "en-US", "Publisher": "usmtpkg authors", "PackageName": "usmtpkg", "License": "Apache-2.0", "ShortDescription": short, "Moniker": "usmtpkg", "Tags": []string{"configmgr", "sccm", "usmt", "adk"}},
		"installer": {
			"InstallerType": "zip", "NestedInstallerType": "portable", "NestedInstallerFiles": []any{map[string]string{"RelativeFilePath": "usmtpkg.exe", "PortableCommandAlias": "usmtpkg"}},
			"MinimumOSVersion": "10.0.14393.0", "Commands": []string{"usmtpkg"}, "Installers": installers,
		},
	} {
		keys["PackageIdentifier"], keys["PackageVersion"], keys["ManifestType"], keys["ManifestVersion"] = identifier, d.version, kind, wingetVersion
		text, err := yaml.Marshal(keys)
		if err != nil {
			return err
		}
		ending := map[string]string{"version": "", "defaultLocale": ".locale.en-US", "installer": ".installer"}[kind]
		head := fmt.Sprintf("# yaml-language-server: $schema=https://aka.ms/winget-manifest.%s.%s.schema.json\n", kind, wingetVersion)
		if err := os.WriteFile(filepath.Join(d.out, identifier+ending+".yaml"), append([]byte(head), text...), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// marshalScoop is the manifest of scoop: https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests.
func marshalScoop(d *dist, architecture map[string]any) ([]byte, error) {
	text, err := json.MarshalIndent(map[string]any{
		"version": d.version, "description": short, "homepage": d.url, "license": "Apache-2.0", "architecture": architecture, "bin": "usmtpkg.exe",
	}, "", "    ")
	return append(text, '\n'), err
}
