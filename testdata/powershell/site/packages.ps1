# Packages, distribution points and their groups. Part of the module ConfigurationManager.

# What a package shows of itself. Put takes only an object that was fetched whole, and none that is out of date.
function ConvertTo-PackageObject {
    param([psobject] $Package, [bool] $Fast)
    $object = [pscustomobject]@{
        ObjectClassName = 'SMS_Package'; PackageID = $Package.PackageID; Name = $Package.Name; Manufacturer = $Package.Manufacturer
        Version = $Package.Version; Language = $Package.Language; Description = $Package.Description; PkgSourcePath = $Package.PkgSourcePath
        PkgSourceFlag = $Package.PkgSourceFlag; DefaultImageFlags = $Package.DefaultImageFlags; SourceVersion = $Package.SourceVersion
        SourceSite = $Package.SourceSite; IsFast = $Fast; Sedo = $Package.Sedo
    }
    $object | Add-Member -MemberType ScriptMethod -Name 'Put' -Value { Write-PackageObject $this }
    return $object
}

function Write-PackageObject {
    param([psobject] $Object)
    if ($Object.IsFast) {
        throw 'The object has not all of its properties: it was fetched with -Fast.'
    }
    $package = $global:Site.Packages[$Object.PackageID]
    if ($Object.Sedo -ne $package.Sedo) {
        throw 'The SMS Provider reported an error: the object was changed since it was read.'
    }
    $changed = @('Name', 'Manufacturer', 'Version', 'Language', 'Description', 'PkgSourcePath', 'PkgSourceFlag', 'DefaultImageFlags' | Where-Object { $Object.$_ -cne $package.$_ })
    Invoke-Mutation -What "Put $($Object.PackageID) $($changed -join ' ')" -Do {
        foreach ($name in $changed) {
            if ($global:Site.Ignored -notcontains $name) {
                $package.$name = $Object.$name
            }
        }
        $package.Sedo++
    }
}

# Wildcards are read as such unless that is switched off.
function Test-SiteName {
    param([string] $Name, [hashtable] $p)
    if ($p.ContainsKey('Name')) {
        if ($p.ContainsKey('DisableWildcardHandling')) {
            return $Name -eq $p.Name
        }
        return $Name -like $p.Name
    }
    return $true
}

function SiteGetCMPackage {
    param([hashtable] $p)
    foreach ($package in @($global:Site.Packages.Values)) {
        if ($p.ContainsKey('Id')) {
            if ($package.PackageID -ne $p.Id) {
                continue
            }
        } elseif (-not (Test-SiteName -Name $package.Name -p $p)) {
            continue
        }
        ConvertTo-PackageObject -Package $package -Fast $p.ContainsKey('Fast')
    }
}

# Source: the limits that the reference of New-CMPackage and Set-CMPackage names. That an empty text is taken, nobody says.
function Test-PackageText {
    param([hashtable] $p)
    foreach ($limit in @(@('Description', 128), @('Version', 32), @('Language', 32), @('Manufacturer', 32))) {
        $name, $most = $limit
        if ($p.ContainsKey($name) -and ($p[$name].Length -gt $most -or $p[$name].Length -eq 0)) {
            throw "Cannot validate argument on parameter '$name'. It has $($p[$name].Length) characters, at most $most are allowed, and none is not."
        }
    }
}

function SiteNewCMPackage {
    param([hashtable] $p)
    Test-PackageText -p $p
    $global:Site.Number++
    $id = '{0}{1:X5}' -f $global:Site.Code, (0x200 + $global:Site.Number)
    $package = [pscustomobject]@{
        PackageID = $id; Name = $p.Name; Manufacturer = [string]$p['Manufacturer']; Version = [string]$p['Version']; Language = [string]$p['Language']
        Description = [string]$p['Description']; PkgSourcePath = [string]$p['Path']; PkgSourceFlag = if ($p.ContainsKey('Path')) { 2 } else { 1 }
        DefaultImageFlags = 0; SourceVersion = 1; SourceSite = $global:Site.Code; Sedo = 1; Snapshot = $null; Points = [ordered]@{}
    }
    Invoke-Mutation -What "New-CMPackage $($p.Name)" -Do { $global:Site.Packages[$id] = $package }
    ConvertTo-PackageObject -Package $package -Fast $false
}

function SiteSetCMPackage {
    param([hashtable] $p)
    Test-PackageText -p $p
    $package = $global:Site.Packages[[string]$p['Id']]
    if ($null -eq $package) {
        throw "No object corresponds to the specified parameters: $($p['Id'])"
    }
    $names = @('Path', 'Version', 'Description', 'Language', 'Manufacturer' | Where-Object { $p.ContainsKey($_) })
    if ($names.Count -eq 0) {
        throw 'Set-CMPackage: nothing to set.'
    }
    Invoke-Mutation -What "Set-CMPackage $($p.Id) $($names -join ' ')" -Do {
        foreach ($name in $names) {
            $property = if ($name -eq 'Path') { 'PkgSourcePath' } else { $name }
            $package.$property = [string]$p[$name]
        }
        $package.Sedo++
    }
}

function SiteUpdateCMDistributionPoint {
    param([hashtable] $p)
    $package = $global:Site.Packages[$p.PackageId]
    if ($null -eq $package -or $package.Points.Count -eq 0) {
        throw "Package $($p.PackageId) is on no distribution point."
    }
    Invoke-Mutation -What "Update-CMDistributionPoint $($p.PackageId)" -Do { Add-Event -Kind 'Refresh' -In $global:Site.RefreshDelay -Package $p.PackageId }
}

function SiteStartCMContentDistribution {
    param([hashtable] $p)
    $id = [string]@($p.PackageId)[0]
    $package = $global:Site.Packages[$id]
    $servers = @($p['DistributionPointName'] | Where-Object { $_ })
    $groups = @($p['DistributionPointGroupName'] | Where-Object { $_ })
    foreach ($server in $servers) {
        if (-not $global:Site.Points.Contains($server)) {
            throw "No distribution point $server"
        }
        if ($package.Points.Contains($server)) {
            throw "The content has already been distributed to $server."
        }
    }
    Invoke-Mutation -What "Start-CMContentDistribution $id $(($servers + $groups) -join ' ')" -Do {
        foreach ($group in $groups) {
            $global:Site.Groups[$group].Packages += $id
            $servers += $global:Site.Groups[$group].Members
        }
        if ($null -eq $package.Snapshot) {
            $package.Snapshot = $package.PkgSourcePath
            Write-DistmgrLog -Package $package
        }
        foreach ($server in @($servers | Select-Object -Unique)) {
            if (-not $package.Points.Contains($server)) {
                $package.Points[$server] = [pscustomobject]@{ Server = $server; Status = 2; State = 1; Version = 0; Content = $null }
                Add-Event -Kind 'Arrival' -In $global:Site.Points[$server].Delay -Package $id -Server $server
            }
        }
    }
}

function SiteInvokeCMContentValidation {
    param([hashtable] $p)
    foreach ($server in $p.DistributionPointName) {
        if (-not $global:Site.Packages[[string]@($p.PackageId)[0]].Points.Contains($server)) {
            throw "Distribution point $server does not have the package."
        }
    }
    Invoke-Mutation -What "Invoke-CMContentValidation $($p.PackageId)" -Do { $null }
}

function SiteGetCMDistributionPointGroup {
    param([hashtable] $p)
    foreach ($name in @($global:Site.Groups.Keys)) {
        if (Test-SiteName -Name $name -p $p) {
            [pscustomobject]@{ Name = $name; GroupID = $global:Site.Groups[$name].GroupID }
        }
    }
}
