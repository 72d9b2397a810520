using Headgate.Quotas;

namespace Headgate.Tests.Quotas;

public sealed class StructuredListTests
{
    [Theory]
    [InlineData("\"a\";q=1", "String a; q Integer 1")]
    [InlineData("a;q=-5;w=2.5", "Token a; q Integer -5; w Decimal 2")]
    [InlineData("  \"a\" , b; x;  y=?0", "String a | Token b; x Boolean 1; y Boolean 0")]
    [InlineData("\"a,;\\\"b\\\\\";pk=:AbC+/=:", "String a,;\\\"b\\\\; pk Bytes AbC+/=")]
    [InlineData("10;w=1,\t50;w=60", "Integer 10; w Integer 1 | Integer 50; w Integer 60")]
    [InlineData("*tok/en:1;k1-_.*=\"\"", "Token *tok/en:1; k1-_.* String ")]
    [InlineData("999999999999999", "Integer 999999999999999")]
    internal void Items_and_their_parameters_are_read(string text, string expected)
    {
        Assert.True(StructuredList.IsWellFormed(text));
        Assert.Equal(expected, Read(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("a,")]
    [InlineData("a b")]
    [InlineData("a;")]
    [InlineData("a;Q=1")]
    [InlineData("a;q=")]
    [InlineData("a ;q=1")]
    [InlineData("a;q = 1")]
    [InlineData("\"a")]
    [InlineData("\"a\\n\"")]
    [InlineData("\"ä\"")]
    [InlineData(":abc")]
    [InlineData("?2")]
    [InlineData("1.")]
    [InlineData("1.2345")]
    [InlineData("1234567890123456")]
    [InlineData("1234567890123.1")]
    [InlineData("--1")]
    [InlineData("(a b)")]
    [InlineData("limit=10")]
    public void A_list_that_is_malformed_anywhere_is_none(string text) => Assert.False(StructuredList.IsWellFormed(text));

    [Theory]
    [InlineData("a", "a Boolean 1")]
    [InlineData("a=?0, b=1;x=y, c=\"d\"", "a Boolean 0 | b Integer 1 | c String d")]
    [InlineData("a=(1 \"b\";c  d ), e", "a InnerList 1 \"b\";c  d : Integer 1, String b, Token d | e Boolean 1")]
    [InlineData("a=(), *b.c-d_1=x/y", "a InnerList : | *b.c-d_1 Token x/y")]
    [InlineData("a=(b);x=1", "a InnerList b: Token b")]
    internal void Members_of_a_dictionary_are_read(string text, string expected)
    {
        Assert.True(StructuredList.IsDictionary(text));
        Assert.Equal(expected, ReadDictionary(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("A=1")]
    [InlineData("a=")]
    [InlineData("a =1")]
    [InlineData("a= 1")]
    [InlineData("a,")]
    [InlineData("a b")]
    [InlineData("1=a")]
    [InlineData("a=(b")]
    [InlineData("a=(b,c)")]
    [InlineData("a=(\"b\"c)")]
    [InlineData("a=(b;)")]
    [InlineData("a=((b))")]
    [InlineData("a=b)")]
    public void A_dictionary_that_is_malformed_anywhere_is_none(string text) => Assert.False(StructuredList.IsDictionary(text));

    private static string ReadDictionary(string text)
    {
        var members = new List<string>();
        var list = new StructuredList(text);
        while (list.NextMember(out var key, out var item))
        {
            var line = $"{key} {item.Type} {(item.Type is StructuredType.Integer or StructuredType.Boolean ? $"{item.Number}" : item.Text)}";
            if (item.Type == StructuredType.InnerList)
            {
                var inner = new StructuredList(item.Text);
                var items = new List<string>();
                while (inner.NextInnerItem(out var one))
                    items.Add($" {one.Type} {one.Text}");
                line += $":{string.Join(',', items)}";
            }
            members.Add(line);
        }
        return string.Join(" | ", members);
    }

    private static string Read(string text)
    {
        var items = new List<string>();
        var list = new StructuredList(text);
        while (list.NextItem(out var item))
        {
            var line = $"{item.Type} {(item.Type is StructuredType.Integer ? $"{item.Number}" : item.Text)}";
            while (list.NextParameter(out var key, out var value))
                line += $"; {key} {value.Type} {(value.Type is StructuredType.Integer or StructuredType.Decimal or StructuredType.Boolean ? $"{value.Number}" : value.Text)}";
            items.Add(line);
        }
        return string.Join(" | ", items);
    }
}
