# Task sequences and their steps. Part of the module ConfigurationManager.

function SiteGetCMTaskSequence {
    param([hashtable] $p)
    foreach ($sequence in @($global:Site.Sequences.Values)) {
        if ($p.ContainsKey('TaskSequencePackageId')) {
            if ($sequence.PackageID -ne $p.TaskSequencePackageId) {
                continue
            }
        } elseif (-not (Test-SiteName -Name $sequence.Name -p $p)) {
            continue
        }
        [pscustomobject]@{ ObjectClassName = 'SMS_TaskSequencePackage'; PackageID = $sequence.PackageID; Name = $sequence.Name; Description = $sequence.Description }
    }
}

# Returns the steps of one kind, those in groups too.
function Get-SiteStep {
    param([psobject[]] $Steps, [string] $Kind)
    foreach ($step in $Steps) {
        if ($step.Kind -eq 'group') {
            Get-SiteStep -Steps $step.Steps -Kind $Kind
        } elseif ($step.Kind -eq $Kind) {
            $step
        }
    }
}

function Get-UserStateObject {
    param([hashtable] $p, [string] $Kind, [string] $Property)
    $sequence = $global:Site.Sequences[$p.TaskSequenceId]
    if ($null -eq $sequence) {
        throw "No object corresponds to the specified parameters: task sequence $($p.TaskSequenceId)"
    }
    foreach ($step in @(Get-SiteStep -Steps $sequence.Steps -Kind $Kind)) {
        if (-not $p.ContainsKey('StepName') -or $step.Name -eq $p.StepName) {
            [pscustomobject]@{ Name = $step.Name; $Property = $step.Package }
        }
    }
}

function SiteGetCMTSStepCaptureUserState {
    param([hashtable] $p)
    Get-UserStateObject -p $p -Kind 'capture' -Property 'UsmtPackageID'
}

function SiteGetCMTSStepRestoreUserState {
    param([hashtable] $p)
    Get-UserStateObject -p $p -Kind 'restore' -Property 'UsmtRestorePackageID'
}

function Set-UserStateObject {
    param([hashtable] $p, [string] $Kind)
    $sequence = $global:Site.Sequences[$p.TaskSequenceId]
    if ($sequence.Locked) {
        throw "The object is locked by $($sequence.Locked)."
    }
    $package = Get-SitePackage $p.Package
    $steps = @(Get-SiteStep -Steps $sequence.Steps -Kind $Kind | Where-Object { $_.Name -eq $p.StepName })
    if ($steps.Count -eq 0) {
        throw "No step '$($p.StepName)' in $($p.TaskSequenceId)."
    }
    Invoke-Mutation -What "Set-CMTSStep $($p.TaskSequenceId) $Kind '$($p.StepName)' $package" -Do {
        foreach ($step in $steps) {
            $step.Package = $package
        }
    }
}

function SiteSetCMTSStepCaptureUserState {
    param([hashtable] $p)
    Set-UserStateObject -p $p -Kind 'capture'
}

function SiteSetCMTSStepRestoreUserState {
    param([hashtable] $p)
    Set-UserStateObject -p $p -Kind 'restore'
}

function Get-SitePackage {
    param([psobject] $Object)
    if ($Object.ObjectClassName -ne 'SMS_Package' -or -not $global:Site.Packages.Contains([string]$Object.PackageID)) {
        throw "Cannot bind parameter 'Package'. It is not a package of this site."
    }
    return [string]$Object.PackageID
}

function New-StepObject {
    param([hashtable] $p, [string] $Kind, [string] $Package = '')
    $settings = @{}
    foreach ($key in $p.Keys) {
        if ($key -notin 'Name', 'Package', 'Confirm', 'DisableWildcardHandling') {
            $settings[$key] = $p[$key]
        }
    }
    [pscustomobject]@{ ObjectClassName = 'Step'; Kind = $Kind; Name = $p.Name; Package = $Package; Settings = $settings; Steps = @() }
}

function SiteNewCMTSStepCaptureUserState {
    param([hashtable] $p)
    # Source: the reference; with VolumeCopyShadowService the settings of Normal are not taken, and files only with Customize.
    if ($p['FileAccessOption'] -eq 'VolumeCopyShadowService' -and @('ContinueOnLockedFile', 'OfflineUserState', 'UseHardLinks' | Where-Object { $p.ContainsKey($_) }).Count -gt 0) {
        throw 'These settings go with the file access option Normal.'
    }
    if ($p.ContainsKey('ConfigFile') -ne ($p['ModeOption'] -eq 'Customize')) {
        throw 'ConfigFile goes with ModeOption Customize.'
    }
    New-StepObject -p $p -Kind 'capture' -Package (Get-SitePackage $p.Package)
}

function SiteNewCMTSStepRestoreUserState {
    param([hashtable] $p)
    if ($p['RestoreLocalAccount'] -and -not $p.ContainsKey('Password')) {
        throw 'A password is needed to restore local accounts.'
    }
    if ($p.ContainsKey('ConfigFile') -ne ($p['ModeOption'] -eq 'Customize')) {
        throw 'ConfigFile goes with ModeOption Customize.'
    }
    New-StepObject -p $p -Kind 'restore' -Package (Get-SitePackage $p.Package)
}

function SiteNewCMTSStepRequestStateStore {
    param([hashtable] $p)
    New-StepObject -p $p -Kind 'request'
}

function SiteNewCMTSStepReleaseStateStore {
    param([hashtable] $p)
    New-StepObject -p $p -Kind 'release'
}

function SiteNewCMTSStepSetVariable {
    param([hashtable] $p)
    New-StepObject -p $p -Kind 'variable'
}

function SiteNewCMTaskSequenceGroup {
    param([hashtable] $p)
    $group = New-StepObject -p @{ Name = $p.Name } -Kind 'group'
    $group.Steps = @($p.Step)
    return $group
}

function SiteNewCMTaskSequence {
    param([hashtable] $p)
    if (-not $p['CustomTaskSequence']) {
        throw 'Only -CustomTaskSequence is known here.'
    }
    $global:Site.Number++
    $id = '{0}{1:X5}' -f $global:Site.Code, (0x300 + $global:Site.Number)
    $sequence = [pscustomobject]@{ PackageID = $id; Name = $p.Name; Description = [string]$p['Description']; Locked = ''; Steps = @() }
    Invoke-Mutation -What "New-CMTaskSequence $($p.Name)" -Do { $global:Site.Sequences[$id] = $sequence }
    [pscustomobject]@{ ObjectClassName = 'SMS_TaskSequencePackage'; PackageID = $id; Name = $sequence.Name; Description = $sequence.Description }
}

function SiteAddCMTaskSequenceStep {
    param([hashtable] $p)
    $id = if ($p.ContainsKey('InputObject')) { [string]$p.InputObject.PackageID } else { $p.TaskSequenceId }
    if (@($p.Step | Where-Object { $_.ObjectClassName -ne 'Step' }).Count -gt 0) {
        throw "Cannot bind parameter 'Step'."
    }
    Invoke-Mutation -What "Add-CMTaskSequenceStep $id" -Do { $global:Site.Sequences[$id].Steps += @($p.Step) }
}
