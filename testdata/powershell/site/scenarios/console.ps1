# Getting to the site, parameters, and errors in the user's words.

Scenario 'console: none on this computer' {
    $path = $env:SMS_ADMIN_UI_PATH
    $null = Invoke-Console 'Remove-Module -Name ConfigurationManager -ErrorAction SilentlyContinue'
    $env:SMS_ADMIN_UI_PATH = ''
    try {
        $run = Publish-Release R1
    } finally {
        $env:SMS_ADMIN_UI_PATH = $path
    }
    Assert-Run $run 1
    Assert-Match 'report' $run.Report 'console is not installed'
    Assert-Run (Publish-Release R1 @{ Wait = $true }) 0 'Distributed'
}

Scenario 'console: the provider of its drives is not there' {
    $console = $script:Console
    Open-Console
    try {
        $run = Publish-Release R1
        Assert-Run $run 1
        Assert-Match 'report' $run.Report 'knows 0 sites'
        $run = Publish-Release R1 @{ SiteCode = 'P01'; SiteServer = 'cm01' }
        Assert-Run $run 1
        Assert-Match 'report' $run.Report 'CMSite'
        Assert-Untouched $run
    } finally {
        $script:Console.Runspace.Dispose()
        $script:Console = $console
    }
}

Scenario 'console: it knows no site' {
    $null = Invoke-Console 'Remove-PSDrive -Name P01'
    try {
        $run = Publish-Release R1
        Assert-Run $run 1
        Assert-Match 'report' $run.Report 'knows 0 sites'
        $run = Publish-Release R1 @{ SiteCode = 'P01' }
        Assert-Run $run 1
        Assert-Match 'report' $run.Report 'give -SiteServer too'
        Assert-Run (Publish-Release R1 @{ SiteCode = 'P01'; SiteServer = 'cm01'; Wait = $true }) 0 'Distributed'
    } finally {
        $null = Invoke-Console 'Remove-PSDrive -Name P01 -ErrorAction SilentlyContinue'
        Connect-Drive 'P01'
    }
}

Scenario 'console: it knows two sites' {
    Connect-Drive 'S01'
    try {
        $run = Publish-Release R1
        Assert-Run $run 1
        Assert-Match 'report' $run.Report 'knows 2 sites'
        Assert-Run (Publish-Release R1 @{ SiteCode = 'p01'; Wait = $true }) 0 'Distributed'
    } finally {
        $null = Invoke-Console 'Remove-PSDrive -Name S01'
    }
}

Scenario 'console: where the script was called from is where it ends' {
    $null = Publish-Release R1 @{ Wait = $true }
    Assert-Equal 'location' ([string]@(Invoke-Console '(Get-Location).Path')[0]) $work
    $null = Publish-Release R1 @{ PackageId = 'P0109999' }
    Assert-Equal 'location' ([string]@(Invoke-Console '(Get-Location).Path')[0]) $work
}

foreach ($with in @{ SiteCode = 'P0' }, @{ PackageId = 'P010001' }, @{ ExpectedContentHash = 'AB' }, @{ TimeoutMinutes = 0 }, @{ DistributionPoint = '' }, @{ NoSuch = 1 }) {
    Scenario "console: a parameter that is refused: $($with.Keys)" {
        $run = Publish-Release R1 $with
        Assert-Equal 'calls' @($Site.Calls) @()
        Assert-Match 'errors' $run.Errors "parameter.*'$($with.Keys)'"
    }
}

# What was being done, for each cmdlet that can be refused.
foreach ($denied in @(
        @('Get-CMPackage', 'Could not list the packages'), @('Invoke-CMWmiQuery', 'Could not query the SMS Provider'),
        @('Get-CMDistributionPointGroup', "Could not look for distribution point group 'All DPs'"),
        @('Get-CMTaskSequence', "Could not look for task sequence 'Windows 11'"),
        @('Get-CMTSStepCaptureUserState', 'Could not read the steps of task sequence P0100100'),
        @('Set-CMPackage', 'Could not set the package source path of package P0100012'),
        @('Start-CMContentDistribution', 'Could not distribute package P0100012 to All DPs'),
        @('Update-CMDistributionPoint', 'Could not refresh the distribution points of package P0100012'),
        @('Invoke-CMContentValidation', 'Could not validate the content of package P0100012'),
        @('Set-CMTSStepCaptureUserState', "Could not point step 'capture user state' of task sequence P0100100 at package P0100012"))) {
    $cmdlet, $say = $denied
    Scenario "console: access denied to $cmdlet" {
        $Site.Denied[$cmdlet] = 'Access is denied'
        $run = Publish-Release R1 @{ DistributionPointGroup = 'All DPs'; TaskSequence = 'Windows 11'; Validate = $true }
        Assert-Run $run 1
        Assert-Match 'report' $run.Report "FAILED +${say}: Access is denied"
    }
}

# The mock is worth something only if it refuses what the console's module would refuse.
foreach ($wrong in @(
        @('Get-CMPackage -Identity 1', 'Identity'), @('Set-CMPackage -Id P0100012 -InputObject x -Path y -Confirm:$false', 'Parameter set cannot be resolved'),
        @('Set-CMPackage -Id P0100012 -Priority Urgent -Confirm:$false', 'Urgent'), @('Set-CMPackage -Id P0100012 -Path y', 'ask a second time'),
        @('Set-CMPackage -Id P0100012 -Description '''' -Confirm:$false', 'Description'), @('Get-CMNothing', 'Get-CMNothing'),
        @('Start-CMContentDistribution -PackageId P0100012 -DistributionPointName dp9 -Confirm:$false', 'No distribution point dp9'),
        @('Start-CMContentDistribution -PackageId P0100012 -DistributionPointName dp1.contoso.com -Confirm:$false', 'already been distributed'),
        @('$p = Get-CMPackage -Id P0100012 -Fast; $p.Put()', '-Fast'), @('Invoke-CMWmiQuery -Query "SELECT X FROM SMS_Nothing WHERE A = ''b''" -Confirm:$false', 'SMS_Nothing'),
        @('$a = Get-CMPackage -Id P0100012; $b = Get-CMPackage -Id P0100012; $a.Version = ''1''; $b.Version = ''2''; $a.Put(); $b.Put()', 'changed since'),
        @('Pop-Location; Get-CMPackage -Fast', 'cannot be run from the current drive'))) {
    $call, $say = $wrong
    Scenario "mock: refuses $call" {
        $script:Console.Runspace.SessionStateProxy.SetVariable('Site', $Site)
        $said = ''
        try {
            $null = Invoke-Console "`$ErrorActionPreference = 'Stop'; Import-Module ([System.IO.Path]::Combine(`$env:SMS_ADMIN_UI_PATH, '..', 'ConfigurationManager.psd1')); Push-Location P01:\; try { $call } finally { Pop-Location -ErrorAction SilentlyContinue }"
        } catch {
            $said = [string]$_
        }
        Assert-Match 'error' $said ([regex]::Escape($say))
    }
}
