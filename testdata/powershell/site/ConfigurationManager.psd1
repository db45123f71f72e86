# A mock of the module of the ConfigMgr console, for tests only: see README.md beside it.
@{
    ModuleVersion     = '5.2503.1000.0'
    GUID              = '0c1f8f0e-7c0b-4f0a-9d63-3f0f6f0c7a11'
    RootModule        = 'ConfigurationManager.psm1'
    FunctionsToExport = '*'
    CmdletsToExport   = @()
    AliasesToExport   = @()
}
