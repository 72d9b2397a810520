using Headgate.App.Send;

namespace Headgate.Tests.Send;

public sealed class ShellWordsTests
{
    [Theory]
    [InlineData("curl  a\tb\r\n c", "curl|a|b|c")]
    [InlineData("curl 'a b' \"c d\" e\\ f", "curl|a b|c d|e f")]
    [InlineData("curl '' \"\"", "curl||")]
    [InlineData("curl a'b'\"c\"d", "curl|abcd")]
    [InlineData("curl 'it'\\''s'", "curl|it's")]
    [InlineData("curl \"a \\\"b\\\" \\\\ \\n \\$x\"", "curl|a \"b\" \\ \\n $x")]
    [InlineData("curl a \\\n  b \\\r\n  -c", "curl|a|b|-c")]
    [InlineData("curl \"a\\\nb\"", "curl|ab")]
    [InlineData("curl 'a\\nb'", "curl|a\\nb")]
    [InlineData("curl {\"a\":1}", "curl|{a:1}")]
    [InlineData("curl $ \"5$\" '$HOST'", "curl|$|5$|$HOST")]
    [InlineData("curl $HOST/x \"${TOKEN}!\" a$HOST", "curl|api.example.com/x|s3cr3t word!|aapi.example.com")]
    public void Words_are_split_as_a_shell_does(string text, string expected) =>
        Assert.Equal(expected.Split('|'), Words(text));

    [Theory]
    [InlineData(@"$'a\nb\tc'", "a\nb\tc")]
    [InlineData(@"$'it\'s \\ \" + "\"'", "it's \\ \"")]
    [InlineData(@"$'\u0021\u00e9\U0001F600'", "!é😀")]
    [InlineData(@"$'\ud83d\ude00'", "😀")]
    [InlineData(@"$'\x41\xc3\xa9\101\e[0m'", "AéA\e[0m")]
    [InlineData(@"$'a\q'", "a\\q")]
    [InlineData(@"x$'y'z", "xyz")]
    public void The_quotes_of_browsers_are_unescaped(string text, string expected) =>
        Assert.Equal([expected], Words(text));

    [Theory]
    [InlineData("curl 'abc", "at position 6 of the command: the quote ' that begins here is not closed")]
    [InlineData("curl \"a b", "at position 6 of the command: the quote \" that begins here is not closed")]
    [InlineData("curl $'abc", "at position 7 of the command: the quote ' that begins here is not closed")]
    [InlineData("curl a | jq .", "at position 8 of the command: \"|\" outside quotes is for a shell")]
    [InlineData("curl http://x/?a=1&b=2", "at position 19 of the command: \"&\" outside quotes is for a shell")]
    [InlineData("curl a > b", "at position 8 of the command: \">\" outside quotes")]
    [InlineData("curl `id`", "at position 6 of the command: \"`\" outside quotes")]
    [InlineData("curl \"`id`\"", "at position 7 of the command: a command between ` is for a shell")]
    [InlineData("curl \"$(id)\"", "at position 7 of the command: a command in $( ) is for a shell")]
    [InlineData("curl $NOT_SET", "at position 6 of the command: the variable NOT_SET is not set")]
    [InlineData("curl ${HOST:-x}", "at position 6 of the command: of ${ } only ${NAME} is understood")]
    [InlineData(@"curl $'\x'", @"\x is not followed by its number")]
    [InlineData(@"curl $'\xff'", "these bytes are not UTF-8")]
    [InlineData(@"curl $'a\0b'", "a NUL cannot be part of a word")]
    [InlineData(@"curl $'\U00110000'", "this is no character")]
    public void What_needs_a_shell_or_is_broken_is_refused_with_its_position(string text, string message) =>
        Assert.Contains(message, Assert.Throws<ShellTextException>(() => ShellWords.Split(text, Variable)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_variable_tells_no_other_one() =>
        Assert.DoesNotContain("s3cr3t", Assert.Throws<ShellTextException>(() => ShellWords.Split("curl $TOKEN$NOT_SET", Variable)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_word_knows_where_it_is_written() =>
        Assert.Equal([new ShellWord("curl", 1), new ShellWord("", 6), new ShellWord("a b", 11), new ShellWord("c", 17)], ShellWords.Split(" curl '' \\\n'a 'b c", Variable));

    private static IEnumerable<string> Words(string text) => ShellWords.Split(text, Variable).Select(word => word.Text);

    private static string? Variable(string name) => name switch { "HOST" => "api.example.com", "TOKEN" => "s3cr3t word", _ => null };
}
