# What scenarios are written with. A scenario makes a site, runs scripts, and says what must be so afterwards.

# Opens a runspace whose console knows the site. Without -Provider it is one in which nothing of the console was loaded.
function Open-Console {
    param([switch] $Provider)
    $host1 = New-Object -TypeName 'UsmtpkgTest.AnsweringHost'
    $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($host1)
    $runspace.ThreadOptions = 'ReuseThread'
    $runspace.Open()
    $script:Console = @{ Host = $host1; Runspace = $runspace }
    if ($Provider) {
        $null = Invoke-Console 'param($assembly) Import-Module -Assembly $assembly' @($Assembly)
        Connect-Drive 'P01'
    }
}

# Runs text in the console's runspace.
function Invoke-Console {
    param([string] $Text, [object[]] $Arguments = @())
    $shell = [System.Management.Automation.PowerShell]::Create()
    try {
        $shell.Runspace = $script:Console.Runspace
        $null = $shell.AddScript($Text)
        foreach ($argument in $Arguments) {
            $null = $shell.AddArgument($argument)
        }
        $shell.Invoke()
        if ($shell.Streams.Error.Count -gt 0) {
            throw $shell.Streams.Error[0].Exception
        }
    } finally {
        $shell.Dispose()
    }
}

function Connect-Drive {
    param([string] $Name)
    $null = Invoke-Console 'param($n) New-PSDrive -Name $n -PSProvider CMSite -Root cm01 -Scope Global' @($Name)
}

# Makes the site that most scenarios begin with: a USMT package on two of three distribution points, a task sequence whose
# nested steps name an older package, one whose steps name the USMT package.
function New-Site {
    $point = { param($delay) [pscustomobject]@{ Delay = $delay; Failures = 0 } }
    $script:Site = @{
        Code = 'P01'; Clock = 0; Slept = 0; Number = 0; Count = 0; FaultAt = 0; FaultWhen = 'before'; FaultText = 'Access is denied'; Killed = $false
        RefreshDelay = 20; LogFolder = ''; Hashes = @{}; Ignored = @(); Denied = @{}
        Calls = New-Object -TypeName 'System.Collections.Generic.List[string]'
        WhatIfs = New-Object -TypeName 'System.Collections.Generic.List[string]'
        Mutations = New-Object -TypeName 'System.Collections.Generic.List[string]'
        Queue = New-Object -TypeName 'System.Collections.Generic.List[psobject]'
        Points = [ordered]@{ 'dp1.contoso.com' = & $point 10; 'dp2.contoso.com' = & $point 60; 'dp3.contoso.com' = & $point 30 }
        Groups = [ordered]@{
            'All DPs' = [pscustomobject]@{ GroupID = '{11111111-0000-0000-0000-000000000001}'; Members = @('dp1.contoso.com', 'dp2.contoso.com', 'dp3.contoso.com'); Packages = @() }
            $config.odd.group = [pscustomobject]@{ GroupID = '{11111111-0000-0000-0000-000000000002}'; Members = @('dp3.contoso.com'); Packages = @() }
        }
        Packages = [ordered]@{}; Sequences = [ordered]@{}
        Sites = @([pscustomobject]@{ SiteCode = 'P01'; ServerName = 'cm01.contoso.com'; Type = 2 })
        Systems = @('cm01.contoso.com', $config.odd.server); Roles = @{}
        BoundaryGroups = [ordered]@{}
    }
    foreach ($name in $config.odd.boundaryGroups) {
        $Site.Number++
        $Site.BoundaryGroups[$name] = [pscustomobject]@{ GroupID = 16777216 + $Site.Number; Servers = @() }
    }
    Add-Package -Id 'P0100005' -Name 'Other package' -Flags 0 -Path $config.old
    Add-Package -Id 'P0100012' -Name 'User State Migration Tool for Windows' -Flags 2 -Path $config.old -Points 'dp1.contoso.com', 'dp2.contoso.com'
    Add-Sequence -Id 'P0100100' -Name 'Windows 11' -Package 'P0100005' -Nested
    Add-Sequence -Id 'P0100101' -Name 'Windows 10' -Package 'P0100012'
    $script:Folders = @{}
    $script:work = [System.IO.Path]::Combine($Scripts, 'work', "$($tally.Passed + $tally.Failed)")
    $null = [System.IO.Directory]::CreateDirectory($work)
}

function Add-Package {
    param([string] $Id, [string] $Name, [int] $Flags, [string] $Path, [string[]] $Points = @())
    $package = [pscustomobject]@{
        PackageID = $Id; Name = $Name; Manufacturer = 'Microsoft Corporation'; Version = '10.0.1'; Language = 'English'; Description = 'as it was'
        PkgSourcePath = $Path; PkgSourceFlag = 2; DefaultImageFlags = $Flags; SourceVersion = 3; SourceSite = 'P01'; Sedo = 1; Snapshot = $Path
        Points = [ordered]@{}
    }
    foreach ($server in $Points) {
        $package.Points[$server] = [pscustomobject]@{ Server = $server; Status = 0; State = 0; Version = 3; Content = $Path }
    }
    $Site.Packages[$Id] = $package
}

function Add-Sequence {
    param([string] $Id, [string] $Name, [string] $Package, [switch] $Nested)
    $steps = foreach ($kind in 'capture', 'restore') {
        [pscustomobject]@{ Kind = $kind; Name = "$kind user state"; Package = $Package; Settings = @{}; Steps = @() }
    }
    if ($Nested) {
        $inner = [pscustomobject]@{ Kind = 'group'; Name = 'inner'; Package = ''; Settings = @{}; Steps = @($steps) }
        $steps = @([pscustomobject]@{ Kind = 'group'; Name = 'outer'; Package = ''; Settings = @{}; Steps = @($inner) })
    }
    $Site.Sequences[$Id] = [pscustomobject]@{ PackageID = $Id; Name = $Name; Description = ''; Locked = ''; Steps = @($steps) }
}

# Returns the packages that the steps of a sequence name, in order.
function Get-StepPackage {
    param([psobject[]] $Steps)
    foreach ($step in $Steps) {
        if ($step.Kind -eq 'group') {
            Get-StepPackage -Steps $step.Steps
        } elseif ($step.Kind -in 'capture', 'restore') {
            $step.Package
        }
    }
}

# Returns the folder of a release's scripts in this scenario: its own copy, since records are written beside them.
function Get-Folder {
    param([string] $Release)
    if (-not $Folders.ContainsKey($Release)) {
        $folder = [System.IO.Path]::Combine($work, $Release)
        $null = [System.IO.Directory]::CreateDirectory($folder)
        foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($Scripts, $Release), '*.ps1')) {
            [System.IO.File]::Copy($file, [System.IO.Path]::Combine($folder, [System.IO.Path]::GetFileName($file)))
        }
        $Folders[$Release] = $folder
    }
    return $Folders[$Release]
}

# Runs a script of a release. Returns Exit, Killed, Output, Report, Errors, Warnings, Progress, Questions, Changes.
function Invoke-Script {
    param([string] $Release, [string] $Name, [hashtable] $With = @{}, [string[]] $Answers = @())
    $Site.Calls.Clear()
    $Site.WhatIfs.Clear()
    $before = $Site.Mutations.Count
    $person = $script:Console.Host.Person
    $person.Answers.Clear()
    $person.Questions.Clear()
    foreach ($answer in $Answers) {
        $person.Answers.Enqueue($answer)
    }
    $script:Console.Runspace.SessionStateProxy.SetVariable('Site', $Site)
    $shell = [System.Management.Automation.PowerShell]::Create()
    $shell.Runspace = $script:Console.Runspace
    $null = $shell.AddScript('param($file, $with, $folder) Set-Location -LiteralPath $folder; $global:LASTEXITCODE = 0; & $file @with').
        AddArgument([System.IO.Path]::Combine((Get-Folder $Release), "$Name.ps1")).AddArgument($With).AddArgument($work)
    $Site.Killed = $false
    $refused = $false
    $output = @()
    try {
        $output = @($shell.Invoke())
    } catch {
        # A parameter that is refused never lets the script begin. One that was killed has no error.
        if (-not $Site.Killed) {
            $shell.Streams.Error.Add($_)
            $refused = $true
        }
    }
    $result = @{
        Killed = $Site.Killed; Exit = if ($refused) { 1 } else { [int]$script:Console.Runspace.SessionStateProxy.GetVariable('LASTEXITCODE') }
        Output = if ($output.Count -gt 0) { $output[$output.Count - 1] } else { $null }; Outputs = $output.Count
        Report = @($shell.Streams.Information | ForEach-Object { [string]$_.MessageData }) -join "`n"
        Errors = @($shell.Streams.Error | ForEach-Object { [string]$_ }) -join "`n"
        Warnings = @($shell.Streams.Warning | ForEach-Object { [string]$_ }) -join "`n"
        Progress = @($shell.Streams.Progress | ForEach-Object { [string]$_.RecordType })
        Questions = @($person.Questions)
        Changes = @($Site.Mutations | Select-Object -Skip $before)
    }
    $shell.Dispose()
    $script:LastResult = $result
    # Put is a method, and PowerShell turns what ended it into an error that the script can catch.
    if ($result.Killed -and $result.Errors -notmatch 'pipeline has been stopped') {
        Assert-Equal 'report of a script that was killed' $result.Report ''
    }
    return $result
}

function Publish-Release {
    param([string] $Release, [hashtable] $With = @{}, [string[]] $Answers = @())
    Invoke-Script -Release $Release -Name 'Publish-UsmtPackage' -With $With -Answers $Answers
}

function Undo-Release {
    param([string] $Release, [hashtable] $With = @{}, [string[]] $Answers = @())
    Invoke-Script -Release $Release -Name 'Undo-UsmtPackage' -With $With -Answers $Answers
}

# Lets the site finish what is queued.
function Wait-Site {
    $null = Invoke-Console 'Import-Module ([System.IO.Path]::Combine($env:SMS_ADMIN_UI_PATH, ''..'', ''ConfigurationManager.psd1'')); Start-Sleep -Seconds 90000; $global:Site.Slept = 0'
}

# Writes to distmgr.log about the version that a package has.
function Write-SiteLog {
    param([string] $Id)
    $text = "The size of package $Id, version $($Site.Packages[$Id].SourceVersion) is 1 KBytes", "The hash for algorithm 32780 is $('DD' * 32)" |
        ForEach-Object { $_ + '  $$<SMS_DISTRIBUTION_MANAGER><01-01-2026 09:00:00.000+000><thread=5776 (0x1690)>' + "`r`n" }
    [System.IO.File]::AppendAllText([System.IO.Path]::Combine($work, 'distmgr.log'), -join $text)
}

# --- what must be so -----------------------------------------------------------------------------------------------------

function Assert-Equal {
    param([string] $What, [psobject] $Got, [psobject] $Want)
    $g, $w = (@($Got) -join '|'), (@($Want) -join '|')
    if ($g -cne $w) {
        throw "$What is '$g', want '$w'"
    }
}

function Assert-Match {
    param([string] $What, [string] $Got, [string] $Want)
    if ($Got -notmatch $Want) {
        throw "$What does not match '$Want': $Got"
    }
}

function Assert-NoMatch {
    param([string] $What, [string] $Got, [string] $Not)
    if ($Got -match $Not) {
        throw "$What matches '$Not': $Got"
    }
}

# A run that went well has no error, and one that did not says so.
function Assert-Run {
    param([hashtable] $Run, [int] $Exit, [string] $State = '')
    Assert-Equal 'exit code' $Run.Exit $Exit
    if ($Exit -eq 0) {
        Assert-Equal 'errors' $Run.Errors ''
        Assert-NoMatch 'report' $Run.Report '(?m)^FAILED'
    } else {
        Assert-Match 'report' $Run.Report '(?m)^FAILED'
    }
    if ($State) {
        Assert-Equal 'objects returned' $Run.Outputs 1
        Assert-Equal 'state' $Run.Output.State $State
    }
}

# Every distribution point of the package holds its version, and the content of that path.
function Assert-Content {
    param([string] $Id, [string] $Path, [string[]] $Points = @('dp1.contoso.com', 'dp2.contoso.com'))
    $package = $Site.Packages[$Id]
    Assert-Equal 'source path' $package.PkgSourcePath $Path
    Assert-Equal 'distribution points' @($package.Points.Keys | Sort-Object) @($Points | Sort-Object)
    foreach ($held in $package.Points.Values) {
        Assert-Equal "$($held.Server): state, version" @($held.State, $held.Version) @(0, $package.SourceVersion)
        Assert-Equal "$($held.Server): content" $held.Content $Path
    }
}

function Assert-Text {
    param([string] $Id, [string] $Version, [string] $Description)
    Assert-Equal 'version' $Site.Packages[$Id].Version $Version
    Assert-Equal 'description' $Site.Packages[$Id].Description $Description
}

function Assert-Steps {
    param([string] $Sequence, [string] $Package)
    Assert-Equal "packages of $Sequence" @(Get-StepPackage -Steps $Site.Sequences[$Sequence].Steps) @($Package, $Package)
}

# Nothing was changed, not a file either.
function Assert-Untouched {
    param([hashtable] $Run)
    Assert-Equal 'changes' $Run.Changes @()
}

function Assert-Files {
    param([string] $Release, [string] $Pattern, [int] $Count)
    Assert-Equal "files $Pattern" @([System.IO.Directory]::GetFiles((Get-Folder $Release), $Pattern)).Count $Count
}

function Scenario {
    param([string] $ScenarioName, [scriptblock] $Body)
    if ($ScenarioName -notmatch $Match) {
        return
    }
    $script:LastResult = $null
    try {
        New-Site
        & $Body
        $tally.Passed++
        [System.Console]::WriteLine("ok $ScenarioName")
    } catch {
        $tally.Failed++
        $at = ($_.ScriptStackTrace -split "`n" | Where-Object { $_ -match 'scenarios' } | Select-Object -First 1)
        $told = "$($_.Exception.Message)`n$at"
        if ($null -ne $LastResult) {
            $told += "`nThe last run ended with $($LastResult.Exit). Report:`n$($LastResult.Report)`nErrors:`n$($LastResult.Errors)`nChanges:`n$($LastResult.Changes -join "`n")"
        }
        [System.Console]::WriteLine("NOT ok $ScenarioName`t$($told -replace "`r?`n", "`t")")
    }
}

$env:SMS_ADMIN_UI_PATH = [System.IO.Path]::Combine($PSScriptRoot, 'scenarios')
$env:COMPUTERNAME = 'ADMIN01'
$env:SMS_LOG_PATH = ''
Open-Console -Provider
