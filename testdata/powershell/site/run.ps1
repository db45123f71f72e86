# Runs the scenarios against the scripts that the Go test wrote. One line for each: ok, or NOT ok and why. See README.md.
[CmdletBinding()]
param(
    # Holds site.json and a folder for each release with its scripts.
    [Parameter(Mandatory = $true)]
    [string] $Scripts,

    # Only scenarios whose name matches.
    [string] $Match = '.'
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$config = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($Scripts, 'site.json')) | ConvertFrom-Json
$tally = @{ Passed = 0; Failed = 0 }
$before = [System.IO.Path]::Combine($Scripts, 'work')
if ([System.IO.Directory]::Exists($before)) {
    [System.IO.Directory]::Delete($before, $true)
}
$typesFile = [System.IO.Path]::Combine($PSScriptRoot, 'types.cs')
$Assembly = @(Add-Type -TypeDefinition ([System.IO.File]::ReadAllText($typesFile)) -Language CSharp -IgnoreWarnings -PassThru 3>$null)[0].Assembly

. ([System.IO.Path]::Combine($PSScriptRoot, 'harness.ps1'))

$engine = "PowerShell $($PSVersionTable.PSVersion)"
[System.Console]::WriteLine("# engine $engine")
foreach ($file in @([System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'scenarios'), '*.ps1') | Sort-Object)) {
    . $file
}
[System.Console]::WriteLine("# $($tally.Passed) passed, $($tally.Failed) failed")
if ($tally.Failed -gt 0) {
    exit 1
}
