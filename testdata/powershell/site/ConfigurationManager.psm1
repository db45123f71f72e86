# A mock of the module of the ConfigMgr console. Its functions have the names, parameter sets, aliases and accepted
# values of cmdlets.txt, so that PowerShell's own binder refuses what the console's module would refuse. What they do is
# done to $global:Site, which the harness made: see README.md.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

. ([System.IO.Path]::Combine($PSScriptRoot, 'model.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, 'packages.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, 'sequences.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, 'roles.ps1'))

# Types of the reference that PowerShell has by another name; others are objects of the site.
$Types = @{
    'String' = 'string'; 'String[]' = 'string[]'; 'Boolean' = 'bool'; 'Int32' = 'int'; 'UInt32' = 'uint32'; 'DateTime' = 'datetime'
    'SwitchParameter' = 'switch'; 'SecureString' = 'System.Security.SecureString'; 'Hashtable' = 'hashtable'
    'IResultObject' = 'psobject'; 'IResultObject[]' = 'psobject[]'; 'StorageDirectoryData[]' = 'psobject[]'
}

# Returns the commands of cmdlets.txt: name -> Sets (list of name and parameters), Parameters (name -> type, aliases, values).
function Read-Reference {
    $commands = [ordered]@{}
    foreach ($line in [System.IO.File]::ReadAllLines([System.IO.Path]::Combine($PSScriptRoot, 'cmdlets.txt'))) {
        if ($line -match '^(\S+) \[(\S+)\]: (.*)$') {
            if (-not $commands.Contains($Matches[1])) {
                $commands[$Matches[1]] = @{ Sets = @(); Parameters = @{} }
            }
            $commands[$Matches[1]].Sets += @{ Name = $Matches[2]; Parameters = $Matches[3].Split(' ') }
        } elseif ($line -match '^(\S+) -(\S+) (\S+)(?: alias (.*?))?(?: values (.*))?$') {
            $found = $Matches
            $commands[$found[1]].Parameters[$found[2]] = @{
                Type = $found[3]
                Aliases = @(if ($found.ContainsKey(4)) { $found[4].Split(' ') })
                Values = @(if ($found.ContainsKey(5)) { $found[5].Split(' ') })
            }
        } elseif ($line -and -not $line.StartsWith('#')) {
            throw "cmdlets.txt: $line"
        }
    }
    return $commands
}

# Returns the declaration of one parameter of a command.
function Get-ParameterText {
    param([string] $Name, [hashtable] $Command)
    $text = ''
    foreach ($set in $Command.Sets) {
        if ($set.Parameters -contains $Name) {
            $text += "[Parameter(ParameterSetName = '$($set.Name)')]"
        } elseif ($set.Parameters -contains "$Name*") {
            $text += "[Parameter(Mandatory = `$true, ParameterSetName = '$($set.Name)')]"
        }
    }
    $type = 'switch'
    if ($Command.Parameters.ContainsKey($Name)) {
        $known = $Command.Parameters[$Name]
        if ($known.Aliases.Count -gt 0) {
            $text += "[Alias('$($known.Aliases -join "', '")')]"
        }
        if ($known.Values.Count -gt 0) {
            $text += "[ValidateSet('$($known.Values -join "', '")')]"
        }
        $type = if ($known.Values.Count -gt 0) { 'string' } elseif ($Types.ContainsKey($known.Type)) { $Types[$known.Type] } else { 'psobject' }
    }
    return "$text[$type]`$$Name"
}

# Returns the function for one command.
function Get-CommandText {
    param([string] $Name, [hashtable] $Command)
    $names = @($Command.Sets | ForEach-Object { $_.Parameters } | ForEach-Object { $_.TrimEnd('*') } | Select-Object -Unique)
    $asks = $names -contains 'WhatIf'
    $declared = foreach ($parameter in $names) {
        if ($parameter -ne 'WhatIf' -and $parameter -ne 'Confirm') {
            Get-ParameterText -Name $parameter -Command $Command
        }
    }
    $binding = "DefaultParameterSetName = '$($Command.Sets[0].Name)', PositionalBinding = `$false, SupportsShouldProcess = `$$($asks.ToString().ToLowerInvariant())"
    return "function $Name { [CmdletBinding($binding)] param($($declared -join ', ')) Invoke-SiteCommand -Name '$Name' -Given `$PSBoundParameters -Cmdlet `$PSCmdlet -Asks `$$asks }"
}

# Does what every cmdlet does before it does anything: it wants the site's drive, and goes by the caller's -WhatIf.
function Invoke-SiteCommand {
    param([string] $Name, [System.Collections.IDictionary] $Given, [System.Management.Automation.PSCmdlet] $Cmdlet, [bool] $Asks)
    $p = @{}
    foreach ($key in $Given.Keys) {
        $p[$key] = $Given[$key]
    }
    $at = $Cmdlet.SessionState.Path.CurrentLocation
    if ($at.Provider.Name -ne 'CMSite') {
        throw "This command cannot be run from the current drive. To run this command you must first connect to a Configuration Manager drive. ($Name)"
    }
    $global:Site.Calls.Add($Name)
    if ($Asks) {
        $whatIf = if ($p.ContainsKey('WhatIf')) { [bool]$p.WhatIf } else { [bool]$Cmdlet.SessionState.PSVariable.GetValue('WhatIfPreference') }
        if ($whatIf) {
            $global:Site.WhatIfs.Add($Name)
            return
        }
        if (-not $p.ContainsKey('Confirm')) {
            throw "$Name would ask a second time."
        }
    }
    if ($global:Site.Denied.ContainsKey($Name)) {
        throw $global:Site.Denied[$Name]
    }
    & "Site$($Name.Replace('-', ''))" $p
}

# Sleeping moves the site's clock, and Get-Date reads it.
function Start-Sleep {
    param([int] $Seconds)
    $global:Site.Slept += $Seconds
    if ($global:Site.Slept -gt 100000) {
        throw 'The script would wait for ever.'
    }
    Step-Clock -Seconds $Seconds
}

function Get-Date {
    return [System.DateTime]::SpecifyKind([System.DateTime]'2026-01-01', [System.DateTimeKind]::Utc).AddSeconds($global:Site.Clock)
}

$names = foreach ($entry in (Read-Reference).GetEnumerator()) {
    . ([scriptblock]::Create((Get-CommandText -Name $entry.Key -Command $entry.Value)))
    $entry.Key
}
Export-ModuleMember -Function (@($names) + @('Start-Sleep', 'Get-Date'))
