using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.Tests.Configuration;

public sealed class SubstitutionTests
{
    [Fact]
    public void Variables_and_files_are_put_in_and_may_be_numbers()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("rate", "20/s\r\n");
        directory.Write("headgate.json", """{ "defaults": { "retries": "${env:RETRIES}", "limits": ["${file:rate}"] }, "upstreams": { "a": { "base": ["https://${env:HOST}/v1"] } } }""");

        var configuration = ConfigurationReader.Read(new ConfigurationSources
        {
            Directory = directory.Path,
            Environment = new Dictionary<string, string> { ["RETRIES"] = "5", ["HOST"] = "api.example.com" },
        }).OrThrow();

        Assert.Equal(5, configuration.Defaults.Retries);
        Assert.Equal([Limit.Parse("20/s")], configuration.Defaults.Limits);
        Assert.Equal("https://api.example.com/v1", configuration.Upstreams[0].Bases[0].ToString());
    }

    [Theory]
    [InlineData("${env:ABSENT}", "the environment variable \"ABSENT\" is not set")]
    [InlineData("${file:absent}", "the file \"absent\" cannot be read: ")]
    [InlineData("${file:/dev/zero}", "the file \"/dev/zero\" cannot be read: it is longer than 64 KiB")]
    [InlineData("${vault:x}", "\"${vault:x}\" is neither ${env:NAME} nor ${file:PATH}")]
    [InlineData("${env:X", "\"${\" without \"}\"")]
    public void What_is_missing_is_told_once_with_its_name(string text, string begin)
    {
        var error = Assert.Single(WrittenConfiguration.Read($$"""{ "defaults": { "timeout": "{{text}}" } }""").Errors);

        Assert.Equal("/defaults/timeout", error.Pointer);
        Assert.StartsWith(begin, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_dollars_stand_for_one_and_nothing_is_put_in() =>
        Assert.Contains("$${env:X}", Assert.Single(WrittenConfiguration.Errors("""{ "defaults": { "timeout": "$${env:X}" } }""")), StringComparison.Ordinal);

    [Fact]
    public void What_was_put_in_is_neither_read_again_nor_shown_in_an_error()
    {
        var errors = WrittenConfiguration.Errors(
            """{ "defaults": { "limits": ["${env:SECRET}"], "timing": "${env:SECRET}" }, "upstreams": { "a": { "base": ["${env:SECRET}"], "keys": { "from": ["${env:SECRET}"], "as": "${env:SECRET}" } } } }""",
            ("SECRET", "hunter2 ${env:OTHER}"));

        Assert.Equal(5, errors.Length);
        Assert.All(errors, error => Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal));
        Assert.Contains("what stands for \"${env:SECRET}\" is not a limit", errors[0], StringComparison.Ordinal);
    }
}
