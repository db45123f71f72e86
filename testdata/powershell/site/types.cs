// A provider for the site's drive, and a host that answers questions as a scenario wants. C# 5, as Windows PowerShell compiles it.
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Provider;
using System.Security;

namespace UsmtpkgTest
{
    [CmdletProvider("CMSite", ProviderCapabilities.None)]
    public class CMSite : NavigationCmdletProvider
    {
        protected override bool IsValidPath(string path) { return true; }
        protected override bool ItemExists(string path)
        {
            string bare = path.Trim('\\', '/');
            return bare.Length == 0 || (PSDriveInfo != null && bare == PSDriveInfo.Root);
        }
        protected override bool IsItemContainer(string path) { return ItemExists(path); }
    }

    // Answers holds what is said to each question, "yes" or "no"; a question too many is an error.
    public class AnsweringHost : PSHost
    {
        private readonly Guid id = Guid.NewGuid();
        private readonly AnsweringUI ui = new AnsweringUI();
        public AnsweringUI Person { get { return ui; } }
        public override PSHostUserInterface UI { get { return ui; } }
        public override string Name { get { return "usmtpkg test"; } }
        public override Version Version { get { return new Version(1, 0); } }
        public override Guid InstanceId { get { return id; } }
        public override CultureInfo CurrentCulture { get { return CultureInfo.InvariantCulture; } }
        public override CultureInfo CurrentUICulture { get { return CultureInfo.InvariantCulture; } }
        public override void EnterNestedPrompt() { throw new NotSupportedException(); }
        public override void ExitNestedPrompt() { throw new NotSupportedException(); }
        public override void NotifyBeginApplication() { }
        public override void NotifyEndApplication() { }
        public override void SetShouldExit(int exitCode) { }
    }

    public class AnsweringUI : PSHostUserInterface
    {
        public readonly Queue<string> Answers = new Queue<string>();
        public readonly List<string> Questions = new List<string>();

        public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
        {
            Questions.Add(message);
            if (Answers.Count == 0) { throw new InvalidOperationException("a question that no one answers: " + message); }
            return Answers.Dequeue() == "yes" ? 0 : 2; // Yes, Yes to All, No, No to All
        }

        public override SecureString ReadLineAsSecureString()
        {
            SecureString s = new SecureString();
            foreach (char c in "secret") { s.AppendChar(c); }
            return s;
        }

        public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
        {
            Dictionary<string, PSObject> answers = new Dictionary<string, PSObject>();
            foreach (FieldDescription field in descriptions)
            {
                Questions.Add(field.Name);
                answers[field.Name] = PSObject.AsPSObject(ReadLineAsSecureString());
            }
            return answers;
        }

        public override PSHostRawUserInterface RawUI { get { return null; } }
        public override string ReadLine() { throw new NotSupportedException(); }
        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) { throw new NotSupportedException(); }
        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName, PSCredentialTypes types, PSCredentialUIOptions options) { throw new NotSupportedException(); }
        public override void Write(string value) { }
        public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) { }
        public override void WriteLine(string value) { }
        public override void WriteErrorLine(string value) { }
        public override void WriteDebugLine(string message) { }
        public override void WriteProgress(long sourceId, ProgressRecord record) { }
        public override void WriteVerboseLine(string message) { }
        public override void WriteWarningLine(string message) { }
    }
}
