# A run that ends at any of its changes, in any way, is set right by running the script again, and by going back.

$Kinds = 'before', 'after', 'killed before', 'killed after'

# Runs $Act with a fault at the n-th change from here, for every n that it reaches, and hands each to $Then.
function Test-EveryFault {
    param([string] $Name, [scriptblock] $Prepare, [scriptblock] $Act, [scriptblock] $Then)
    foreach ($kind in $Kinds) {
        $reached = 0
        for ($n = 1; $n -le 30; $n++) {
            $hit = @{ Yes = $false }
            Scenario "fault: $Name, $kind change $n" {
                & $Prepare
                $Site.FaultAt = $Site.Count + $n
                $Site.FaultWhen = $kind
                $before = $Site.Count
                $run = & $Act
                $hit.Yes = $Site.Count -ge $before + $n
                $Site.FaultAt = 0
                if ($hit.Yes) {
                    Assert-Equal 'whether the run went well' ($run.Exit -eq 0 -and -not $run.Killed) $false
                    if ($kind -in 'before', 'after') {
                        Assert-Match 'report' $run.Report 'FAILED'
                        Assert-Match 'report' $run.Report 'Access is denied'
                        Assert-NoMatch 'report' $run.Report '(?m)^FAILED +Access is denied'
                    }
                    & $Then
                }
            }
            if (-not $hit.Yes) {
                break
            }
            $reached++
        }
        if ($reached -gt 0) {
            [System.Console]::WriteLine("# $Name, ${kind}: $reached changes")
        }
    }
}

$with = @{ DistributionPointGroup = 'All DPs'; TaskSequence = 'Windows 11'; Wait = $true }
$all = 'dp1.contoso.com', 'dp2.contoso.com', 'dp3.contoso.com'

function Assert-Published {
    param([string] $Id, [string] $Release)
    Assert-Content $Id $config.releases.$Release.path $all
    Assert-Text $Id $config.releases.$Release.version $config.releases.$Release.comment
    Assert-Equal 'mark' $Site.Packages[$Id].DefaultImageFlags 2
    Assert-Steps 'P0100100' $Id
}

# The package and the steps are what they were. Distribution points that were added stay, and hold the same.
function Assert-AsBefore {
    Assert-Content 'P0100012' $config.old @($Site.Packages['P0100012'].Points.Keys)
    Assert-Text 'P0100012' '10.0.1' 'as it was'
    Assert-Steps 'P0100100' 'P0100005'
}

Test-EveryFault 'publish, rerun' { $null } { Publish-Release R1 $with } {
    Assert-Run (Publish-Release R1 $with) 0 'Distributed'
    Assert-Published 'P0100012' R1
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-AsBefore
}

Test-EveryFault 'publish, undo' { $null } { Publish-Release R1 $with } {
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-AsBefore
    Assert-Run (Publish-Release R1 $with) 0 'Distributed'
    Assert-Published 'P0100012' R1
}

Test-EveryFault 'publish without waiting, rerun' { $null } { Publish-Release R1 } {
    $null = Publish-Release R1
    Assert-Run (Publish-Release R1 $with) 0 'Distributed'
    Assert-Published 'P0100012' R1
}

Test-EveryFault 'publish of one version and comment, rerun' { $null = Publish-Release F1 $with } { Publish-Release F2 $with } {
    Assert-Run (Publish-Release F2 $with) 0 'Distributed'
    Assert-Published 'P0100012' F2
}

Test-EveryFault 'publish over an interrupted one' { $null } { Publish-Release R1 $with } {
    Assert-Run (Publish-Release R2 $with) 0 'Distributed'
    Assert-Published 'P0100012' R2
    Assert-Run (Undo-Release R2 @{ Wait = $true }) 0 'Distributed'
    Assert-NoMatch 'description' $Site.Packages['P0100012'].Description 'not refreshed'
}

Test-EveryFault 'publish of a new package, rerun' { $Site.Packages.Remove('P0100012') } { Publish-Release R1 $with } {
    $run = Publish-Release R1 $with
    Assert-Run $run 0 'Distributed'
    Assert-Equal 'packages' $Site.Packages.Count 2
    Assert-Published $run.Output.PackageId R1
}

Test-EveryFault 'undo, rerun' { $null = Publish-Release R1 $with } { Undo-Release R1 @{ Wait = $true } } {
    Assert-Run (Undo-Release R1 @{ Wait = $true }) 0 'Distributed'
    Assert-AsBefore
}

Test-EveryFault 'undo of one version and comment, rerun' {
    $null = Publish-Release F1 $with
    $null = Publish-Release F2 $with
} { Undo-Release F2 @{ Wait = $true } } {
    Assert-Run (Undo-Release F2 @{ Wait = $true }) 0 'Distributed'
    Assert-Published 'P0100012' F1
}

Test-EveryFault 'undo, publish' { $null = Publish-Release R1 $with } { Undo-Release R1 @{ Wait = $true } } {
    Assert-Run (Publish-Release R1 $with) 0 'Distributed'
    Assert-Published 'P0100012' R1
}
